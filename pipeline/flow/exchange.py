"""The approved memory as TMX: out for other tools, in from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib.metadata import version as version_of
from typing import IO, Final

import langcodes

from pipeline.documents import SegmentKind
from pipeline.errors import Permanent
from pipeline.flow import clock
from pipeline.flow.memory import Pair
from pipeline.ledger import approved as rows
from pipeline.ledger.models import ApprovedUnit, Article
from pipeline.network import Network, language_tag
from pipeline.stages.translate import approved, tmx
from pipeline.stages.translate.tmx import Exchanged

BATCH: Final = 1_000
_HASH: Final = re.compile("[0-9a-f]{32}")


def export(out: IO[str], source: str | None = None, target: str | None = None) -> int:
    """Write the approved units of a pair of bases, or of all, as TMX. Returns their number."""
    units = rows.all_units(source, target).iterator(chunk_size=BATCH)
    return tmx.write(map(_exchanged, units), out, version_of("sectionwire"))


def _exchanged(unit: ApprovedUnit) -> Exchanged:
    return Exchanged(
        source=unit.source,
        texts={unit.source: unit.source_text, unit.target: unit.target_text},
        author=unit.author,
        approver=unit.approver,
        created_at=unit.created_at,
        approved_at=unit.approved_at,
        properties={
            "x-kind": unit.kind,
            "x-context": unit.context_hash,
            "x-home": unit.home,
            "x-article": unit.article.uid if unit.article else "",
        },
    )


@dataclass(slots=True)
class Imported:
    """What came of an import: pairs of texts that were read, new ones, and why others were left out."""

    units: int = 0
    pairs: int = 0
    new: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)  # tags that fit no base of the network

    @property
    def known(self) -> int:
        """How many were there already."""
        return self.pairs - self.new


def bring_in(
    stream: IO[bytes],
    name: str,
    net: Network,
    *,
    by: str,
    source: str = "",
    target: str = "",
    result: Imported | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Take the units of a TMX file into the memory, in portions: what came before an error stays in ``result``.

    Languages are matched to the bases of the network. ``source`` and ``target`` (bases) take only what fits them;
    ``source`` also says what the file does not. ``told`` hears the position in the file after each portion.

    Raises:
        Permanent: see :func:`tmx.read`; or the file does not say which language is its source.
    """
    result = result if result is not None else Imported()
    bases = _Bases(net)
    portion: list[tuple[Pair, Exchanged, str, str]] = []
    try:
        for unit in tmx.read(stream, name):
            result.units += 1
            portion += _pairs(unit, name, bases, source, target, result)
            if len(portion) >= BATCH:
                _take(portion, by, result)
                portion = []
                told(stream.tell())
    finally:
        _take(portion, by, result)
    return result


def _pairs(
    unit: Exchanged, name: str, bases: _Bases, source: str, target: str, result: Imported
) -> Iterator[tuple[Pair, Exchanged, str, str]]:
    """The unit as pairs: its source text with each other language's."""
    given = bases.of(unit.source) if unit.source else source
    if not unit.source and not source:
        raise Permanent(
            f"{name}:{unit.line}: the file does not say which language was translated from.", "Say it: --from en"
        )
    by_base: dict[str, str] = {}
    for tag in sorted(unit.texts, key=lambda tag: bases.distance(tag, unit.source)):
        if base := bases.of(tag):
            by_base.setdefault(base, unit.texts[tag])
        else:
            result.languages[tag] += 1
    if not unit.texts:
        result.skipped["codes without a partner, or no text"] += 1
    elif not given or given not in by_base or len(by_base) == 1:
        result.skipped["languages that are not of this network"] += 1
    elif source not in ("", given) or target not in ("", *(by_base.keys() - {given})):
        result.skipped["other languages than wanted"] += 1
    else:
        for base in by_base.keys() - {given}:
            if target in ("", base):
                yield (given, base), unit, *approved.settled(by_base[given], by_base[base])


def _take(portion: Sequence[tuple[Pair, Exchanged, str, str]], by: str, result: Imported) -> None:
    if not portion:
        return
    now = clock.now()
    uids = {unit.properties.get("x-article", "") for _, unit, _, _ in portion} - {""}
    articles = dict(Article.objects.filter(uid__in=sorted(uids)).values_list("uid", "pk"))
    units = [_unit(pair, unit, texts, by, now, articles) for pair, unit, *texts in portion]
    result.new += rows.feed(units, now, again=False)
    result.pairs += len(units)


def _unit(
    pair: Pair, unit: Exchanged, texts: Sequence[str], by: str, now: datetime, articles: Mapping[str, int]
) -> rows.Unit:
    source, target = texts
    said = unit.properties
    kind = said.get("x-kind", "")
    author = _name(unit.author)
    return rows.Unit(
        source=pair[0],
        target=pair[1],
        kind=kind if kind in set(SegmentKind) else SegmentKind.TEXT.value,
        source_text=source,
        target_text=target,
        source_hash=approved.digest(source),
        words=partial(approved.sketch, pair, source),
        # Nothing is approved in the future: it would count as the newest for ever.
        approved_at=min(unit.approved_at or unit.created_at or now, now),
        context=_hash(said.get("x-context", "")),
        home=_hash(said.get("x-home", "")),
        author=author,
        approver=_name(unit.approver) or author or by,
        article=articles.get(said.get("x-article", "")),
    )


def _hash(text: str) -> str:
    return text if _HASH.fullmatch(text) else ""


def _name(text: str) -> str:
    return " ".join(text.split())[:150]


class _Bases:
    """Which base of the network a language tag of another tool means; each tag is looked up once."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.all = {*net.bases, *(net.base_for(tag) for tag in net.organisation.source_languages)}
        self.known: dict[str, str] = {}
        self.distances: dict[tuple[str, str], int] = {}

    def of(self, tag: str) -> str:
        """The base, or an empty string."""
        if tag not in self.known:
            try:
                base = self.net.base_for(language_tag(tag.replace("_", "-")))
            except ValueError:
                base = ""
            self.known[tag] = base if base in self.all else ""
        return self.known[tag]

    def distance(self, tag: str, wanted: str) -> int:
        """How far a variant of a unit is from what stands for its base best: its source tag, or the base itself."""
        if (tag, wanted) not in self.distances:
            base = self.of(tag)
            same = wanted if wanted and self.of(wanted) == base else base
            self.distances[tag, wanted] = langcodes.tag_distance(same, tag.replace("_", "-")) if base else 1_000
        return self.distances[tag, wanted]
