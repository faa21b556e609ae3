"""One file as clean HTML: what ``clean`` writes, and what ``translate`` begins with. No ledger, no broker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

from pipeline.documents import CleanDocument, Metadata, Submission
from pipeline.flow.installation import intake_options
from pipeline.management.files import Input
from pipeline.network import Network
from pipeline.stages import intake
from pipeline.stages.clean import Options, clean


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One file after intake and cleaning; ``titled`` when the file itself says its title."""

    input: Input
    document: CleanDocument
    titled: bool

    @property
    def html(self) -> str:
        """The fragment, with the title first, as a heading."""
        return fragment(self.document.metadata.title if self.titled else "", self.document.body)


def fragment(title: str, body: str) -> str:
    """An article as one HTML fragment that ends with a line break."""
    heading = f"<h1>{escape(title, quote=False)}</h1>\n" if title else ""
    return f"{heading}{body.rstrip()}\n"


def read(source: Input, net: Network, language: str = "") -> Cleaned:
    """Read and clean one file. ``language`` (BCP 47) wins over what the file says.

    Raises:
        Permanent: it can't be read, is beyond the limits of the network file, or holds nothing.
    """
    options = intake_options(net)
    said = Metadata(language=language)
    submission = Submission(source.name, source.read(options.max_bytes), said)
    original = intake.read(submission, options, needs_title=False)
    titled = bool(original.metadata.title)
    if not titled:
        original = replace(original, metadata=replace(original.metadata, title=source.name))
    return Cleaned(source, clean(original, Options(embed_hosts=net.embeds.hosts)), titled)
