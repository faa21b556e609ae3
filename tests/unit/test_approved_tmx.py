"""TMX as a stream: what is written is read again, by us and by translate-toolkit, and hostile files fail clearly."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from translate.storage import tmx as toolkit

from pipeline.errors import Permanent
from pipeline.stages.translate import approved, tmx
from pipeline.stages.translate.tmx import Exchanged

THEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def written(*units: Exchanged) -> bytes:
    out = io.StringIO()
    assert tmx.write(units, out, "0.1") == len(units)
    return out.getvalue().encode()


def read(data: bytes) -> list[Exchanged]:
    return list(tmx.read(io.BytesIO(data), "memory.tmx"))


def wrapped(body: str, head: str = "", srclang: str = "en-GB") -> bytes:
    start = f'<?xml version="1.0"?>\n{head}<tmx version="1.4"><header srclang="{srclang}"/><body>'
    return f"{start}\n{body}\n</body></tmx>".encode()


def tu(source: str, target: str, attributes: str = "") -> str:
    return (
        f'<tu {attributes}><tuv xml:lang="en-GB"><seg>{source}</seg></tuv>'
        f'<tuv xml:lang="pt-PT"><seg>{target}</seg></tuv></tu>'
    )


UNIT = Exchanged(
    source="en",
    texts={"en": "Read {1}the <report>{/1} & {{more}}{2/}", "pt": "{2/}Leia {1}o <relatório>{/1} & {{mais}}"},
    author="fake:fake@fa4e",
    approver='Ana "A" & Rui',
    created_at=THEN,
    approved_at=THEN,
    properties={"x-kind": "text", "x-home": "ab"},
)


def test_what_is_written_is_read_again():
    """Texts, codes, people, times and properties."""
    [again] = read(written(UNIT))
    assert (again.texts, again.author, again.approver) == (UNIT.texts, UNIT.author, UNIT.approver)
    assert (again.created_at, again.approved_at, again.properties) == (THEN, THEN, UNIT.properties)
    assert (again.source, again.line) == ("en", 5)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT)
def test_every_text_survives(source, target):
    """Whatever signs of markup, braces or other scripts are in it."""
    braced = [text.replace("{", "{{").replace("}", "}}") for text in (source, target)]
    pair = approved.settled(f"{{1}}{braced[0]}{{/1}}a", f"b{{1}}{braced[1]}{{/1}}")
    [again] = read(written(Exchanged("en", {"en": pair[0], "pt": pair[1]})))
    assert approved.settled(*again.texts.values()) == tuple(map(tmx._xml, pair))


def test_translate_toolkit_reads_what_we_write():
    """A second opinion: a well-formed file with our languages and words."""
    file = toolkit.tmxfile.parsestring(written(UNIT, Exchanged("en", {"en": "The tide rose.", "pt": "A maré subiu."})))
    assert len(file.units) == 2
    assert file.translate("The tide rose.", "en", "pt") == "A maré subiu."


def test_we_read_what_translate_toolkit_writes():
    """Its own header, its document type."""
    file = toolkit.tmxfile()
    file.addtranslation("The tide < rose.", "en", "A maré < subiu.", "pt")
    out = io.BytesIO()
    file.serialize(out)
    [unit] = read(out.getvalue())
    assert unit.texts == {"en": "The tide < rose.", "pt": "A maré < subiu."}


@pytest.mark.parametrize(
    ("source", "target", "normal"),
    [
        (
            'Read <bpt i="1" x="7">&lt;b&gt;</bpt>this<ept i="1">&lt;/b&gt;</ept>.',
            'Leia <bpt i="4" x="7">&lt;b&gt;</bpt>isto<ept i="4">&lt;/b&gt;</ept>.',
            ("Read {1}this{/1}.", "Leia {1}isto{/1}."),
        ),
        (
            'A <ph>&lt;br/&gt;<sub>alt</sub></ph> b <bpt i="1">x</bpt>c<ept i="1">y</ept>',
            '<bpt i="1">x</bpt>c<ept i="1">y</ept> <ph/>b',
            ("A {1/} b {2}c{/2}", "{2}c{/2} {1/}b"),
        ),
        ("One <hi>two</hi>", "<hi>dois</hi> um", ("One {1}two{/1}", "{1}dois{/1} um")),
        ("Two\n lines {x}", "Duas  linhas", ("Two lines {{x}}", "Duas linhas")),
    ],
)
def test_the_codes_of_other_tools_become_ours(source, target, normal):
    """Paired by x, else by i, else by their place; what stands in them is their own."""
    [unit] = read(wrapped(tu(source, target)))
    assert tuple(unit.texts.values()) == normal


@pytest.mark.parametrize("code", ['<it pos="begin">b</it>', "<ut>b</ut>", '<bpt i="1">b</bpt>', '<ept i="1">b</ept>'])
def test_a_code_without_partner_leaves_the_unit_without_texts(code):
    """It would tear the markup of a page."""
    [bad, good] = read(wrapped(tu(f"a {code} b", "c") + tu("d", "e")))
    assert bad.texts == {}
    assert good.texts == {"en-GB": "d", "pt-PT": "e"}


BOMB = '<!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (wrapped(tu("&b;", "c"), BOMB), r"memory\.tmx:2: the file declares entities"),
        (wrapped(tu("c", "d"), '<!DOCTYPE tmx [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]>\n'), "entities"),
        (wrapped(tu("c", "d"), '<!DOCTYPE tmx [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'), "entities"),
        (wrapped(tu("&nope;", "d")), r"memory\.tmx:3: this is not well-formed XML: undefined entity"),
        (wrapped(tu("&nope;", "d"), '<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'), r"tmx:4: .*does not say what &nope;"),
        (wrapped(tu("a", "b"))[:-20], r"memory\.tmx:3: this is not well-formed XML"),
        (b"", "is no TMX file: it is empty"),
        (b"   \n", "not well-formed"),
        (b"\x00\xff garbage", "memory.tmx:1"),
        (b"<html><body/></html>", "begins with <html>"),
        (b'<?xml version="1.0" encoding="x-nope"?><tmx/>', "memory.tmx:1"),
        (b"<tmx>" + b"<a>" * 5_000, "nested more than"),
        (wrapped(tu("a" * 1_100_000, "b")), "more than 1,000,000 characters"),
    ],
)  # fmt: skip
def test_a_hostile_file_fails_in_a_sentence_with_its_line(data, message):
    """No entity is expanded, nothing outside is loaded, nothing grows without bounds."""
    with pytest.raises(Permanent, match=message):
        read(data)


class Endless(io.RawIOBase):
    """A file of 50 MB that says the same again and again."""

    def __init__(self, start: str, again: str) -> None:
        self.start, self.again, self.given = start.encode(), again.encode(), 0

    def read(self, size: int = -1) -> bytes:
        if self.given > 50_000_000:
            return b""
        block = self.start + self.again * (size // len(self.again))
        self.start = b""
        self.given += len(block)
        return block


@pytest.mark.parametrize(
    ("start", "again"),
    [
        ("<tu><tuv><seg>", "a"),
        ("<tu><tuv><seg>", "<ph/>"),
        ("<tu><tuv><seg>", "<hi></hi>"),
        ("<tu><tuv><seg>", '<ph x="1">a</ph>'),
        ("<tu>", "<tuv/>"),
        ("<tu>", '<tuv xml:lang="en"><seg></seg></tuv>'),
        ("<tu>", '<prop type="a"></prop>'),
        ("<tu>", "<note/>"),
        ("<tu></tu>", "<tuv/>"),
        ('<tu creationid="', "a"),
        ("<tu><!--", "a"),
    ],
)
def test_a_unit_is_bounded_whatever_it_consists_of(monkeypatch, start, again):
    """Texts, codes, properties, languages, tags and comments without end: they are not kept."""
    monkeypatch.setattr(tmx, "LONGEST_UNIT", 100_000)
    stream = Endless(f'<tmx version="1.4"><body>{start}', again)
    with pytest.raises(Permanent, match="a unit has more than 100,000 characters"):
        list(tmx.read(stream, "memory.tmx"))
    assert stream.given < 1_000_000


def test_a_file_may_be_of_any_length(monkeypatch):
    """What is bounded is a unit: so many of them as a file has are read one after the other."""
    monkeypatch.setattr(tmx, "LONGEST_UNIT", 1_000)
    stream = Endless('<tmx version="1.4"><body>', tu("tide", "maré"))
    assert sum(1 for _ in islice(tmx.read(stream, "memory.tmx"), 2_000)) == 2_000


def test_a_document_type_that_points_outside_is_not_loaded():
    """Many tools write one."""
    [unit] = read(wrapped(tu("a", "b"), '<!DOCTYPE tmx SYSTEM "http://tidewater-relief.example/tmx14.dtd">\n'))
    assert unit.texts == {"en-GB": "a", "pt-PT": "b"}


def test_what_stands_before_a_fault_has_been_read():
    """An import keeps what it has."""
    units = tmx.read(io.BytesIO(wrapped("\n".join(tu(f"a{n}", "b") for n in range(2_000)) + "<tu>")), "memory.tmx")
    assert next(units).texts["en-GB"] == "a0"
    with pytest.raises(Permanent):
        list(units)


def test_a_file_in_utf_16_is_read():
    """As some tools on Windows write it."""
    data = wrapped(tu("água", "水")).decode().replace('"1.0"?', '"1.0" encoding="utf-16"?').encode("utf-16")
    assert read(data)[0].texts == {"en-GB": "água", "pt-PT": "水"}


def test_a_source_that_stands_second_still_numbers_the_codes():
    """The numbers are the source's."""
    body = (
        '<tu srclang="en">'
        '<tuv xml:lang="pt"><seg><bpt i="2" x="2"/>b<ept i="2"/><bpt i="1" x="1"/>a<ept i="1"/></seg></tuv>'
        '<tuv xml:lang="en"><seg><bpt i="1" x="1"/>a<ept i="1"/><bpt i="2" x="2"/>b<ept i="2"/></seg></tuv></tu>'
    )
    [unit] = read(wrapped(body))
    assert unit.texts == {"en": "{1}a{/1}{2}b{/2}", "pt": "{2}b{/2}{1}a{/1}"}
