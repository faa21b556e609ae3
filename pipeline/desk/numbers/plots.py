"""Plots of the numbers: SVG by pygal, drawn on the server, without a script; a picture with title and description.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which colour-blind people tell apart, and one
scale from pale to dark blue; every value is printed as well. In a page that is read from the right the axes stay as
they are: time goes from left to right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

import pygal  # type: ignore[import-untyped]
from django.utils.translation import get_language_bidi
from lxml import etree  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from pipeline.desk.numbers import shown
from pipeline.desk.numbers.words import COLUMNS, HEADINGS
from pipeline.flow.numbers import Table, speed, waiting

# pygal puts a finder for its plugins into Python's imports, of a kind that has been deprecated since Python 3.10: every
# import that fails anywhere would warn of it. We have no plugins.
sys.meta_path[:] = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("pygal")]

SIZES: Final[Mapping[str, int]] = {"wide": 960, "narrow": 420}
"""Widths; heights follow from what is shown."""

_FONT: Final = "system-ui, sans-serif"
_MOST_ROWS: Final = 40
_MOST_PIECES: Final = 31
"""So many rows of a table, and pieces of time, are drawn; the table has them all."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The colours of a plot: values are printed in ``ink``, which is read on all of them (4.5 : 1, see the tests)."""

    paper: str
    ink: str
    quiet: str
    colours: tuple[str, ...]
    scale: tuple[str, ...]  # from none to all


SCHEMES: Final[Mapping[str, Scheme]] = {
    "light": Scheme(
        paper="#ffffff",
        ink="#141815",
        quiet="#59635b",
        colours=("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7"),
        scale=("#f2f4f0", "#d3e5f4", "#a9cfec", "#7fbae4", "#56a5dc"),
    ),
    "dark": Scheme(
        paper="#141815",
        ink="#f4f6f3",
        quiet="#a5b0a7",
        colours=("#0a6bab", "#8f5400", "#00704f", "#6f6500", "#97467a"),
        scale=("#2a302c", "#223c52", "#1b4b74", "#125c92", "#0a6bab"),
    ),
}


def draw(table: Table, scheme: str, shape: str, title: str, description: str) -> bytes:
    """A number as an SVG file.

    Args:
        table: one of :data:`pipeline.flow.numbers.NUMBERS`.
        scheme: ``light`` or ``dark``.
        shape: ``wide`` or ``narrow``.
        title: what the plot is called.
        description: what it shows, for who does not see it.
    """
    look = SCHEMES[scheme]
    chart = _DRAWN[table.name](table, look, SIZES[shape])
    return _described(chart, title, description)


def _described(chart: pygal.Graph, title: str, description: str) -> bytes:
    root = chart.render_tree()
    for element in [*root.iter("script"), *root.iter(etree.Comment)]:
        element.getparent().remove(element)
    for own in root.findall("title"):
        root.remove(own)
    told = []
    for tag, text in (("title", title), ("desc", description)):
        element = etree.Element(tag, id=f"plot-{tag}")
        element.text = text
        told.append(element)
    root[:0] = told
    if get_language_bidi():
        # The plot itself goes from left to right: a label must not take its direction from it.
        for label in root.iter("text"):
            label.text = f"\u2067{label.text}\u2069" if label.text else label.text
    root.set("role", "img")
    root.set("aria-labelledby", "plot-title")
    root.set("aria-describedby", "plot-desc")
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _style(look: Scheme, colours: Sequence[str] = ()) -> Style:
    return Style(
        background=look.paper,
        plot_background=look.paper,
        foreground=look.ink,
        foreground_strong=look.ink,
        foreground_subtle=look.quiet,
        guide_stroke_color=look.quiet,
        major_guide_stroke_color=look.quiet,
        colors=tuple(colours or look.colours),
        value_colors=(look.ink,) * _MOST_PIECES,
        opacity="1",
        opacity_hover="1",
        transition="0s",
        font_family=_FONT,
        label_font_size=12,
        major_label_font_size=12,
        legend_font_size=13,
        value_font_size=11,
    )


def _options(look: Scheme, width: int, height: int, legend: int = 0, **more: Any) -> dict[str, Any]:
    """What all plots have in common; ``legend`` is how many series are named below, for which room is made."""
    narrow = _is_narrow(width)
    in_a_line = 1 if narrow else 4
    below = -(-legend // in_a_line) * 22
    usual: dict[str, Any] = {
        "style": _style(look),
        "width": width,
        "height": height + below,
        "explicit_size": True,
        "js": (),
        "no_prefix": True,
        "print_values": True,
        "print_values_position": "center",
        "print_zeroes": False,
        "show_legend": bool(legend),
        "legend_at_bottom": True,
        "legend_at_bottom_columns": in_a_line,
        "truncate_legend": -1,
        "truncate_label": -1,
        "show_y_guides": False,
        "show_x_guides": False,
        # Of a plot that lies on its side this is the axis of the values.
        "show_minor_x_labels": False,
        "x_labels_major_count": 4 if narrow else 10,
        "margin": 10,
        "margin_bottom": 30 if legend else 10,
        "spacing": 8,
        "value_formatter": shown.count,
    }
    return usual | more


def _is_narrow(width: int) -> bool:
    return width < SIZES["wide"]


def _edition(section: str, tag: str, width: int) -> str:
    """An edition beside the plot: where there is no room for names, by its keys."""
    return f"{section} {tag}" if section and _is_narrow(width) else shown.edition(section, tag)


def _coverage(table: Table, look: Scheme, width: int) -> pygal.Graph:
    """A heat map: a row for each edition, a cell for each piece of time, darker the more of it readers have."""
    cells: dict[tuple[str, str], dict[date, float | None]] = {}
    for when, section, tag, _articles, _live, share in table.rows:
        row = cells.setdefault((str(section), str(tag)), {})
        row[cast("date", when)] = cast("float | None", share)
    days = sorted({day for row in cells.values() for day in row})
    days = days[-(8 if _is_narrow(width) else _MOST_PIECES) :]
    rows = list(cells.items())[-_MOST_ROWS:][::-1]
    step = max(1, len(days) // (3 if _is_narrow(width) else 10))
    labels = [
        {"value": place + 0.5, "label": shown.short_day(day, table.step)}
        for place, day in enumerate(days)
        if place % step == 0
    ]
    span = (0, max(len(days), 1))
    options = _options(look, width, 30 * len(rows) + 60, range=span, y_labels=labels)
    chart = pygal.HorizontalStackedBar(
        **options | {"print_zeroes": True, "show_minor_x_labels": True, "x_labels_major_count": None}
    )
    chart.x_labels = [_edition(*key, width) for key, _ in rows]
    for day in days:
        chart.add("", [_heat(row.get(day), look) for _, row in rows])
    return chart


def _heat(share: float | None, look: Scheme) -> dict[str, Any]:
    """A cell: its colour by its share, which is printed in it without the sign of per cent."""
    if share is None:
        return {"value": 1, "style": f"fill: {look.paper}; stroke: {look.paper}", "formatter": lambda _: ""}
    colour = look.scale[min(int(share * len(look.scale)), len(look.scale) - 1)]
    told = shown.count(round(share * 100))
    return {"value": 1, "style": f"fill: {colour}; stroke: {look.paper}", "formatter": lambda _: told}


def _stacked(table: Table, look: Scheme, width: int, names: Sequence[str], label: Callable[..., str]) -> pygal.Graph:
    rows = table.records()[-_MOST_ROWS:][::-1]
    chart = pygal.HorizontalStackedBar(**_options(look, width, 40 * len(rows) + 60, legend=len(names)))
    chart.x_labels = [label(row) for row in rows]
    for name in names:
        chart.add(str(COLUMNS[name]), [row[name] or 0 for row in rows])
    return chart


def _backlog(table: Table, look: Scheme, width: int) -> pygal.Graph:
    return _stacked(table, look, width, waiting.names(), lambda row: shown.section(row["section"]))


def _acceptance(table: Table, look: Scheme, width: int) -> pygal.Graph:
    def label(row: Mapping[str, Any]) -> str:
        return _edition(row["section"], row["language"], width)

    return _stacked(table, look, width, ("as_proposed", "edited"), label)


def _publishing(table: Table, look: Scheme, width: int) -> pygal.Graph:
    """The distribution over all sections, with median and 90th percentile in the table beneath."""
    rows = table.records()[-_MOST_ROWS:]
    names = speed.names()
    total = rows[-1] if rows else dict.fromkeys(names, 0)
    chart = pygal.HorizontalBar(**_options(look, width, 40 * len(names) + 60))
    chart.x_labels = [str(COLUMNS[name]) for name in names][::-1]
    chart.add(str(HEADINGS["publishing"].title), [total[name] for name in names][::-1])
    return chart


def _bars(table: Table, look: Scheme, width: int, names: Sequence[str], told: Callable[[float], str]) -> pygal.Graph:
    rows = table.records()[-_MOST_ROWS:][::-1]
    legend = len(names) if len(names) > 1 else 0
    height = 30 * (1 + len(names)) * len(rows) + 60
    chart = pygal.HorizontalBar(**_options(look, width, height, legend, value_formatter=told))
    chart.x_labels = [shown.engine(*(str(row[name]) for name in ("engine", "source", "target"))) for row in rows]
    for name in names:
        chart.add(str(COLUMNS[name]), [row[name] for row in rows])
    return chart


def _distance(table: Table, look: Scheme, width: int) -> pygal.Graph:
    return _bars(table, look, width, ("share",), shown.part)


def _review(table: Table, look: Scheme, width: int) -> pygal.Graph:
    return _bars(table, look, width, ("median", "p90"), shown.duration)


def _throughput(table: Table, look: Scheme, width: int) -> pygal.Graph:
    rows = table.records()[-(10 if _is_narrow(width) else _MOST_PIECES) :]
    names = ("submitted", "translated", "published")
    chart = pygal.Line(
        **_options(
            look,
            width,
            320,
            legend=len(names),
            style=_style(look, _lines(look)),
            show_y_guides=True,
            print_values=len(rows) <= _FEW_POINTS,
            print_values_position="top",
            stroke_style={"width": 3},
            include_x_axis=True,
            x_labels_major_every=max(1, len(rows) // (3 if _is_narrow(width) else 10)),
            x_labels_major_count=None,
        )
    )
    chart.x_labels = [shown.short_day(cast("date", row["from"]), table.step) for row in rows]
    for name in names:
        chart.add(str(COLUMNS[name]), [row[name] for row in rows])
    return chart


def _lines(look: Scheme) -> Sequence[str]:
    """What is thin wants colours that stand out from the paper: those of the other scheme's areas do."""
    return SCHEMES["dark" if look is SCHEMES["light"] else "light"].colours


_FEW_POINTS: Final = 12
"""More values than these on three lines would lie on each other."""

_DRAWN: Final[Mapping[str, Callable[[Table, Scheme, int], pygal.Graph]]] = {
    "coverage": _coverage,
    "backlog": _backlog,
    "publishing": _publishing,
    "acceptance": _acceptance,
    "distance": _distance,
    "review": _review,
    "throughput": _throughput,
}
