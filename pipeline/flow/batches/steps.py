"""How far each action of a run has come, as its row keeps it; and what an action is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from pipeline.network import Network
from pipeline.network.schedules import Selection

MOST_PROBLEMS: Final = 100
"""So many problems of a step are kept in full; the rest is counted."""

MOST_NAMED: Final = 20
"""So many pieces that were left out are named."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person should know of: what it is about, why, and what to do. ``section``: whose it is."""

    what: str
    why: str
    remedy: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Did:
    """A piece of an action is done: what it did in numbers, and what went wrong."""

    counts: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """A piece is not done yet: look again after some seconds. ``memo`` is given back then.

    ``left`` is how much is still to be done of what it waits for, ``said`` what it waits for, in a sentence; ``tries``
    is how often it was tried in vain.
    """

    seconds: float
    said: str = ""
    left: int = 0
    memo: Mapping[str, Any] = field(default_factory=dict)
    did: Did = field(default_factory=Did)
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """What an action knows of its run. ``marks`` are the newest ids of the ledger when the run began.

    ``impatient``: what it waits for has taken longer than the schedule allows.
    """

    net: Network
    selection: Selection
    run: int
    marks: Mapping[str, int]
    now: datetime
    impatient: bool = False

    @property
    def sections(self) -> list[str]:
        """The keys of the sections that are meant, in the order of the network file."""
        wanted = self.selection.sections
        return [section.key for section in self.net.sections if not wanted or section.key in wanted]

    @property
    def bases(self) -> list[str]:
        """The bases that are meant: those of the selected languages and sections."""
        chosen = set(self.selection.languages)
        meant = [section for section in self.net.sections if section.key in self.sections]
        found = [
            lang.base for section in meant for lang in section.languages if not chosen or {lang.tag, lang.base} & chosen
        ]
        return list(dict.fromkeys(found))


Told = Callable[[int, int], None]
"""Is told how much of a piece is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a run does: in pieces, each of which may be done twice without harm.

    ``pieces`` names them when the action begins; ``work`` does one, or says that it is to be looked at again.
    """

    pieces: Callable[[Job], Sequence[str]]
    work: Callable[[Job, str, Mapping[str, Any], Told], Did | Later]


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a run: ``at`` is the piece of ``pieces`` that is next, ``left`` what the present one waits for."""

    action: str
    state: str = "planned"  # running, done; stopped: it has begun, and the rest was left out; left_out: all of it was
    started_at: str = ""
    ended_at: str = ""
    pieces: tuple[str, ...] = ()
    at: int = 0
    total: int = 0  # of the present piece
    done: int = 0
    said: str = ""
    memo: Mapping[str, Any] = field(default_factory=dict)
    tries: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    more_problems: int = 0
    notes: tuple[str, ...] = ()

    @property
    def piece(self) -> str:
        """The piece that is next."""
        return self.pieces[self.at]

    @property
    def is_open(self) -> bool:
        """Whether something of it is still to be done."""
        return self.state in {"planned", "running"}

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        if self.state == "done":
            return 1.0
        if not self.pieces:
            return 0.0
        within = self.done / self.total if self.total else 0.0
        return min(1.0, (self.at + within) / len(self.pieces))

    @property
    def has_trouble(self) -> bool:
        """Whether something went wrong."""
        return bool(self.problems or self.more_problems)

    def begun(self, pieces: Sequence[str], now: datetime) -> Step:
        """The step as it begins."""
        return replace(self, state="running", started_at=now.isoformat(), pieces=tuple(pieces))

    def ended(self, now: datetime) -> Step:
        """The step when all its pieces are done."""
        return replace(self, state="done", ended_at=now.isoformat(), said="", memo={}, done=0, total=0)

    def left_out(self, now: datetime) -> Step:
        """The step when what is not done of it is left out."""
        if self.state == "planned":
            return replace(self, state="left_out")
        left = self.pieces[self.at :]
        named = ", ".join(left[:MOST_NAMED]) + (" …" if len(left) > MOST_NAMED else "")
        note = f"Stopped: {len(left)} of {len(self.pieces)} left out: {named}."
        return replace(self, state="stopped", ended_at=now.isoformat(), said="", memo={}, notes=(*self.notes, note))

    def after(self, result: Did | Later) -> Step:
        """The step after a piece was done, or looked at."""
        did = result if isinstance(result, Did) else result.did
        counts = dict(self.counts)
        for name, number in did.counts.items():
            if number:
                counts[name] = counts.get(name, 0) + number
        room = MOST_PROBLEMS - len(self.problems)
        added = replace(
            self,
            counts=counts,
            problems=(*self.problems, *list(did.problems)[: max(room, 0)]),
            more_problems=self.more_problems + max(0, len(did.problems) - max(room, 0)),
            notes=(*self.notes, *did.notes)[:MOST_PROBLEMS],
        )
        if isinstance(result, Later):
            total = max(self.total, result.left)
            waits = replace(added, said=result.said, memo=dict(result.memo), tries=result.tries)
            return replace(waits, total=total, done=total - result.left)
        return replace(added, at=self.at + 1, said="", total=0, done=0, memo={}, tries=0)


def was_stopped(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether something was left out of these steps (as :func:`pack` has packed them): somebody stopped the run."""
    return any(row["state"] in {"stopped", "left_out"} for row in rows)


def pack(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps as JSON values."""
    return [asdict(step) for step in steps]


def unpack(rows: Sequence[Mapping[str, Any]]) -> list[Step]:
    """What :func:`pack` has packed."""
    return [
        Step(
            **{
                **row,
                "pieces": tuple(row["pieces"]),
                "problems": tuple(Problem(**problem) for problem in row["problems"]),
                "notes": tuple(row["notes"]),
            }
        )
        for row in rows
    ]
