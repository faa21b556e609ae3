"""What people have laid down for a pair of languages, read from the ledger for the stages translate and check."""

from __future__ import annotations

from pipeline.network import Network
from pipeline.stages.translate import Resources


def resources(source: str, target: str, net: Network) -> Resources:  # noqa: ARG001 - each part asks for its own
    """Approved memory, glossary terms and aligner for a pair of bases (BCP 47)."""
    return Resources()
