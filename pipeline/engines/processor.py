"""What the processor of this machine is, as Linux tells it; elsewhere nothing is known of it."""

from __future__ import annotations

from pathlib import Path


def is_intel() -> bool:
    """Whether Intel made it."""
    return "GenuineIntel" in _cpuinfo()


def has_avx512() -> bool:
    """Whether it has all parts of AVX-512 that CTranslate2 is compiled for."""
    flags = _cpuinfo().partition("\nflags")[2].partition("\n")[0].split()
    return {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}.issubset(flags)


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # no Linux
        return ""
