"""Intake: what is taken, what is refused and in which words, and what is known of an article."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents import Metadata, Original, Submission
from pipeline.errors import Permanent
from pipeline.stages import intake
from pipeline.stages.intake import bounds
from pipeline.stages.intake.text import characters, plain, shorten, without_alt

PAGE = """<!DOCTYPE html>
<html lang="en-GB"><head>
<title>River rises at Northmouth | Tidewater Relief</title>
<meta name="description" content="Boats &amp; blankets are on the way.">
<meta property="article:tag" content="floods"><meta property="article:tag" content="boats">
<meta property="og:image" content="/img/quay.jpg"><meta property="og:image:alt" content="The quay">
<link rel="canonical" href="https://tidewater.example/news/river">
<script type="application/ld+json">
{"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "x"},
 {"@type": "NewsArticle", "author": [{"name": "Press desk"}], "datePublished": "2026-11-05T10:00:00+01:00"}]}
</script></head>
<body><header><a href="/">Home</a></header><nav>Menu</nav>
<main><article><header><h1>River rises at Northmouth</h1></header>
<p>The river rose by two metres.</p><aside>Donate now</aside><script>track()</script>
<footer>Share this</footer></article><article><h2>Another</h2><p>Teaser.</p></article></main>
<footer>Imprint</footer></body></html>"""


def read(data: str | bytes, name: str = "river.html", options: intake.Options | None = None, **known) -> Original:
    if isinstance(data, str):
        data = data.encode()
    return intake.read(Submission(name, data, Metadata(**known)), options or intake.Options())


def refusal(data: str | bytes, name: str = "river.html", **known) -> str:
    with pytest.raises(Permanent) as caught:
        read(data, name, **known)
    assert caught.value.remedy, "every refusal says what to do"
    assert name in caught.value.message
    return str(caught.value)


class TestFormats:
    @pytest.mark.parametrize(
        ("name", "text", "form"),
        [
            ("a.html", "<h1>T</h1><p>Text</p>", "html"),
            ("A.HTM", "<h1>T</h1>Text", "html"),
            ("a.md", "# T\n\nText", "markdown"),
            ("a.json", '{"title": "T", "html": "<p>Text</p>"}', "json"),
            ("https://tidewater.example/a.html?x=1", "<h1>T</h1>Text", "html"),
            ("stdin", "<h1>T</h1><p>Text</p>", "html"),
            ("stdin", '\n {"title": "T", "markdown": "Text"}', "json"),
            ("stdin", "# T\n\nText *x*", "markdown"),
            ("stdin", "---\ntitle: T\n---\n<p>Text</p>", "html"),
            ("stdin", "{loadposition top}<h1>T</h1><p>Text</p>", "html"),
            ("notes.txt", "# T\n\nText", "markdown"),
        ],
    )
    def test_is_told_by_suffix_else_by_content(self, name, text, form):
        original = read(text, name)
        assert original.format == form
        assert original.metadata.title == "T"
        assert "Text" in original.html

    def test_markdown_has_tables_footnotes_and_html(self):
        html = read("# T\n\nA[^1] <u>b</u>\n\n|x|y|\n|-|-|\n|1|2|\n\n[^1]: note", "a.md").html
        assert "<td>1</td>" in html
        assert 'id="fn1"' in html
        assert "<u>b</u>" in html

    def test_deeply_nested_markdown_is_refused_and_never_cut_off(self):
        assert "more than 256 deep" in refusal("# T\n\n" + "> " * 290 + "end", "a.md")
        assert "end" in read("# T\n\n" + "> " * 100 + "end", "a.md").html

    def test_too_much_markdown_is_refused(self):
        assert "at most 1,000,000" in refusal("# T\n" + "word " * 300_000, "a.md")
        assert "square brackets" in refusal("# T\n" + "[" * 30_000, "a.md")

    def test_json_fields_and_surrogates(self):
        given = '{"title": "A\\ud800B", "part": 2, "tags": ["x", "y"], "html": "<p>a\\u0000b&#xD800;c</p>"}'
        original = read(given, "a.json")
        assert original.metadata.title == "A\ufffdB"
        assert original.metadata.part == 2
        assert original.metadata.tags == ("x", "y")
        assert original.html == "<p>a\ufffdb\ufffdc</p>"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[1]", "no JSON object"),
            ('{"title": "T"}', "neither"),
            ('{"title": "T", "html": "a", "markdown": "b"}', "both"),
            ('{"title": "T", "html": ["a"]}', "must be a text"),
            ('{"title": ["T"], "html": "a"}', "“title” must be one text"),
            ('{"title": "T",\n "html": a}', "line 2"),
            ("[" * 100_000, "nested too deeply"),
            ('{"part": ' + "9" * 6_000 + "}", "too long"),
        ],
    )
    def test_json_that_is_no_article_is_refused(self, text, message):
        assert message in refusal(text, "a.json")


class TestBounds:
    @pytest.mark.parametrize(
        "data", [b"", b" \n\t ", b"\xef\xbb\xbf  ", b"<p>&nbsp;</p><br>", b"<!-- x --><div></div>"]
    )
    def test_empty_is_refused(self, data):
        assert "is empty" in refusal(data, title="T")

    def test_a_title_alone_is_refused(self):
        assert "has a title, but no text" in refusal("<h1>Title</h1>")

    def test_a_picture_alone_is_an_article(self):
        assert "img" in read("<img src=https://x.org/a.jpg>", title="T").html

    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
            (b"PK\x03\x04\x14\x00", ".docx"),
            (b"\x89PNG\r\n\x1a\n\0\0", "a PNG picture"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Word document"),
            (b"{\\rtf1\\ansi", "an RTF document"),
            (b"\0\0\0\x18ftypmp42", "a video"),
            (b"<p>text\0more</p>", "byte 7 is NUL"),
            ("<p>text</p>".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ],
    )
    def test_binary_files_are_named(self, data, kind):
        assert kind in refusal(data)

    def test_size_is_bounded_first(self):
        assert "6.0 MB; at most 5.0 MB" in refusal(b"\xff" * 6_000_000)

    @pytest.mark.parametrize("unit", ["<div>", "<br>", "<!-- x -->", "<a <a ", "<?x>", "<p title='<b>'>"])
    def test_elements_are_bounded_whatever_they_hide_in(self, unit):
        assert "more than 20,000 elements" in refusal(unit * 25_000)

    def test_exactly_the_bound_is_taken(self):
        options = intake.Options(max_elements=10)
        assert read("<p>x" * 10, options=options, title="T").html
        with pytest.raises(Permanent):
            read("<p>x" * 11, options=options, title="T")

    @pytest.mark.parametrize(
        "text",
        [
            "<div>" * 300 + "x",
            '<div title="</div>">' * 300 + "x",  # an end tag that is none
            '<div a=b="> </div x=\'">' * 300 + "x",
            "<div></span>" * 300 + "x",
            "<i>" * 1_000 + "x",
        ],
    )
    def test_depth_is_bounded(self, text):
        assert "more than 256 deep" in refusal(text, title="T")

    @pytest.mark.parametrize(
        "text",
        [
            "<ul>" + "<li>item" * 400 + "</ul>",
            "<p>one" * 400,
            "<p><b>one" * 400,
            "<table>" + "<tr><td>x<td>y" * 400 + "</table>",
            "<dl>" + "<dt>x<dd>y" * 400 + "</dl>",
            "x<br>" * 400,
            "<div>" * 250 + "x" + "</div>" * 250,
            "<script>" + "'<div>'" * 400 + "</script><p>x",
            "<!--" + "<div>" * 400 + "--><p>x",
        ],
    )
    def test_end_tags_that_may_be_left_out_are_no_depth(self, text):
        assert read(text, title="T").metadata.summary

    @given(st.text(alphabet="<>/!-='\" abpdivscript&", max_size=200))
    def test_counting_ends_on_any_text(self, text):
        bounds.check_markup("x", text, 1_000, 1_000)


class TestCharacters:
    @pytest.mark.parametrize(
        ("data", "title"),
        [
            ("<h1>Açúcar</h1>x".encode(), "Açúcar"),
            ("\ufeff<h1>Açúcar</h1>x".encode(), "Açúcar"),
            ("<h1>Açúcar</h1>x".encode("utf-16"), "Açúcar"),
            ("<meta charset=iso-8859-1><h1>“Açúcar”</h1>x".encode("cp1252"), "“Açúcar”"),
            (
                '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><h1>Вода</h1>x'.encode(
                    "cp1251"
                ),
                "Вода",
            ),
            ("<meta charset=iso-2022-jp><h1>水</h1>x".encode("iso2022-jp"), "水"),
            ("<meta charset=iso-8859-1><h1>Açúcar</h1>x".encode(), "Açúcar"),  # converted, and still declares Latin-1
            ("<meta charset=utf-7><h1>Açúcar</h1>x".encode(), "Açúcar"),
            (b"<h1>&#150;&#xD800;&#0;</h1>x", "–\ufffd\ufffd"),
            ("<h1>a\x93b\x0bc\x01</h1>x".encode(), "a“b c"),
        ],
    )
    def test_are_decoded_as_they_were_meant(self, data, title):
        assert read(data).metadata.title == title

    def test_invalid_utf8_is_refused_with_its_place(self):
        assert "byte 5 is 0xE9" in refusal(b"<p>Ab\xe9</p>")

    def test_bytes_outside_the_declared_charset_are_refused(self):
        assert "SHIFT_JIS" in refusal(b"<meta charset=shift_jis><p>\xff\xff</p>")

    @given(st.text(st.characters(), max_size=50))
    def test_no_odd_character_is_left(self, text):
        assert not set(characters(text + "\ud800\0\x85\ufeff")) & set("\ud800\0\x85\ufeff")

    def test_plain_text_keeps_what_is_no_tag(self):
        assert plain("5 < 6 &amp;amp; <b>bold</b> <Tidewater>\u00a0x") == "5 < 6 & bold <Tidewater>\u00a0x"


class TestFrontMatter:
    def test_gives_every_field(self):
        text = """---
title: "Tides: a primer"
teaser: What moves the water
lang: no
kind: background
tags: [sea, moon]
author: Press desk, coast office
date: 2026-11-05
embargo: 2026-11-06 18:00 +01:00
canonical: https://tidewater.example/tides
series: Tides
part: 2
image: https://tidewater.example/tide.jpg
image_alt: A tide table
key: tides-2
slug: tides
layout: post
---
The moon."""
        metadata = read(text, "tides.md").metadata
        assert metadata == Metadata(
            title="Tides: a primer",
            summary="What moves the water",
            language="no",
            kind="background",
            tags=("sea", "moon"),
            authors=("Press desk, coast office",),
            published_at=datetime(2026, 11, 5, tzinfo=UTC),
            embargo=datetime(2026, 11, 6, 17, tzinfo=UTC),
            canonical_url="https://tidewater.example/tides",
            series="Tides",
            part=2,
            image="https://tidewater.example/tide.jpg",
            image_alt="A tide table",
            key="tides-2",
            slug="tides",
        )

    @pytest.mark.parametrize("field", ["embrago", "Embargo date", "embargoed", "embargo-until", "embarg", "embargos"])
    def test_a_misspelt_embargo_is_never_passed_over(self, field):
        message = refusal(f"---\ntitle: T\n{field}: 2030-01-01\n---\nText", "a.md")
        assert "did you mean “embargo”" in message

    def test_names_nearly_known_are_refused_and_others_passed_over(self):
        assert "did you mean “language”" in refusal("---\ntitle: T\nlangauge: pt\n---\nText", "a.md")
        assert read("---\ntitle: T\npermalink: /x\nweight: 3\n---\nText", "a.md").metadata.title == "T"

    def test_a_draft_is_refused(self):
        assert "marked as a draft" in refusal("---\ntitle: T\ndraft: true\n---\nText", "a.md")

    @pytest.mark.parametrize("field", ["date", "embargo"])
    @pytest.mark.parametrize("value", ["2026-13-01", "tomorrow", "10/11/2026", "2026", "0001-01-01T00:00+14:00"])
    def test_a_time_that_is_none_is_refused_by_its_value(self, field, value):
        message = refusal(f"---\ntitle: T\n{field}: {value}\n---\nText", "a.md")
        assert f"“{value}” is no {field}" in message

    @pytest.mark.parametrize(
        ("value", "hour"),
        [("2026-11-05T10:00", 10), ("2026-11-05 10:00 +01:00", 9), ("Thu, 05 Nov 2026 10:00:00 -0200", 12)],
    )
    def test_times_without_zone_are_utc(self, value, hour):
        metadata = read(f"---\ntitle: T\nembargo: {value}\n---\nText", "a.md").metadata
        assert metadata.embargo == datetime(2026, 11, 5, hour, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("head", "message"),
        [
            ("title: &a [x]\ntags: *a", "alias"),
            ("just words", "has no fields"),
            ("title: a: b", "no YAML, line"),
            ("title: " + "[" * 5_000, "nested too deeply"),
            ("title: !!python/object/apply:os.system [x]", "one text"),
            ("title: T\npart: two", "“two” is no number"),
            ("title: T\nkey: " + "x" * 70_000, "longer than 64,000"),
            ("title: {a: b}", "“title” must be one text"),
        ],
    )
    def test_yaml_that_is_no_list_of_fields_is_refused(self, head, message):
        assert message in refusal(f"---\n{head}\n---\nText", "a.md")

    def test_front_matter_that_is_never_closed_is_refused(self):
        assert "never closed" in refusal("---\ntitle: T\nembargo: 2030-01-01\n\nText", "a.md")

    def test_a_rule_at_the_head_is_no_front_matter(self):
        assert "<hr>" in read("---\n\nJust a rule.", "a.md", title="T").html

    def test_stands_before_html_and_wins_over_it(self):
        original = read("---\ntitle: Mine\n---\n" + PAGE)
        assert original.metadata.title == "Mine"
        assert original.metadata.authors == ("Press desk",)


class TestPages:
    def test_say_what_they_are(self):
        metadata = read(PAGE).metadata
        assert metadata == Metadata(
            title="River rises at Northmouth",
            summary="Boats & blankets are on the way.",
            language="en-GB",
            canonical_url="https://tidewater.example/news/river",
            authors=("Press desk",),
            tags=("floods", "boats"),
            published_at=datetime(2026, 11, 5, 9, tzinfo=UTC),
            image="https://tidewater.example/img/quay.jpg",
            image_alt="The quay",
        )

    def test_give_their_article_without_frame_and_title(self):
        html = read(PAGE).html
        assert "The river rose" in html
        for frame in ("Home", "Menu", "Imprint", "Donate", "Share", "track", "Another", "<h1>"):
            assert frame not in html

    def test_wrapped_in_a_form_are_read(self):
        page = "<html><body><form id=aspnet><input name=q><h1>T</h1><p>Text</p></form></body></html>"
        assert "Text" in read(page).html

    def test_keep_footnotes_in_asides_and_footers(self):
        page = "<html><body><article><p>Text</p><footer class=footnotes><p>Note</p></footer></article></body></html>"
        assert "Note" in read(page, title="T").html

    def test_say_which_part_is_the_article(self):
        """An export's own furniture (print, hits, previous and next) stays outside of what it marks as the body."""
        export = (
            '<div><h2 itemprop="headline">High water</h2><ul><li>Print</li></ul><dl><dd>Hits: 12</dd></dl>'
            '<div itemprop="articleBody"><p>The water rose all night.</p></div><ul><li>Next</li></ul></div>'
        )
        original = read(export)
        assert original.metadata.title == "High water"
        assert original.html == "<p>The water rose all night.</p>"

    def test_say_kind_and_key_in_meta_of_ours(self):
        page = '<meta name="sectionwire:kind" content="news"><meta name="sectionwire:key" content="k1"><h1>T</h1>x'
        metadata = read(page).metadata
        assert (metadata.kind, metadata.key) == ("news", "k1")
        assert "embargo" in refusal('<meta name="sectionwire:embrago" content="2030-01-01"><h1>T</h1>x')

    def test_broken_json_ld_is_passed_over(self):
        assert read('<script type="application/ld+json">{"@type": </script><h1>T</h1>x').metadata.title == "T"

    def test_a_wrong_date_is_refused(self):
        assert "“soon”" in refusal('<meta property="article:published_time" content="soon"><h1>T</h1>x')

    def test_what_the_submitter_says_wins(self):
        embargo = datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=2)))
        metadata = read(PAGE, title=" Given  title ", language="pt", embargo=embargo, kind="news").metadata
        assert (metadata.title, metadata.language, metadata.embargo, metadata.kind) == (
            "Given title",
            "pt",
            embargo,
            "news",
        )

    def test_naive_times_of_the_submitter_are_utc(self):
        naive = datetime(2030, 1, 1)  # noqa: DTZ001  # the point
        assert read("<p>x", title="T", embargo=naive).metadata.embargo == naive.replace(tzinfo=UTC)


class TestTitleAndSummary:
    def test_the_first_heading_is_the_title_and_is_not_printed_twice(self):
        original = read("<p>Kicker</p><h1>The <em>tide</em></h1><p>Text</p><h1>More</h1>")
        assert original.metadata.title == "The tide"
        assert "tide" not in original.html
        assert "<h1>More</h1>" in original.html

    def test_a_heading_that_repeats_the_given_title_goes(self):
        assert "<h1>" not in read("<h1>the TIDE</h1><p>Text", title="The tide").html
        assert "<h1>" in read("<h1>High water</h1><p>Text", title="The tide").html
        assert "<h2>" not in read("<div><h2>The  tide</h2></div><p>Text", title="The tide").html
        assert read("<h2>Start</h2><p>Text<h2>The tide</h2>", title="The tide").html.count("<h2>") == 2

    def test_no_title_is_refused_with_the_ways_to_give_one(self):
        assert "<h1>" in refusal("<p>Text</p>")

    def test_the_summary_is_the_first_paragraph_with_words(self):
        html = (
            "<h1>T</h1><p>&nbsp;</p><p>{loadposition top}</p><p>Water <b>rose</b>.<sup><a href='#fn1'>1</a></sup></p>"
        )
        assert read(html).metadata.summary == "Water rose."

    def test_the_summary_leaves_out_alternative_text_run_into_the_prose(self):
        html = '<h1>T</h1><p><img src=a.jpg alt="Volunteers on the quay">Volunteers on the quayThe coast is long.</p>'
        assert read(html).metadata.summary == "The coast is long."

    def test_without_paragraphs_the_summary_is_the_beginning(self):
        assert read("<h1>T</h1>Bare text<ul><li>item</ul>").metadata.summary == "Bare text item"

    @pytest.mark.parametrize(
        ("text", "end"),
        [("A sentence here. " * 40, "here."), ("word " * 100, "word…"), ("水" * 400, "水…"), ("水。" * 400, "。")],
    )
    def test_long_summaries_end_at_a_sentence_or_word(self, text, end):
        short = shorten(text.strip())
        assert len(short) <= 300
        assert short.endswith(end)

    def test_prose_that_begins_like_the_alternative_text_stands(self):
        for text in ("Tidewater Relief opened a station.", "Tidewater Relief Northmouth opened."):
            assert without_alt(text, "Tidewater Relief") == text


def test_json_takes_the_same_fields_as_front_matter():
    """A misspelt embargo is refused in JSON, too."""
    assert "embargo" in refusal(json.dumps({"title": "T", "embargoo": "2030-01-01", "html": "x"}), "a.json")


def test_a_page_says_what_has_no_word_in_html_with_our_own_meta_names():
    """Kind, key and embargo stand in no other meta; a slip in them is told as in front matter."""
    page = (
        '<html lang="en"><head><title>x</title><meta name="sectionwire:kind" content="news">'
        '<meta name="sectionwire:key" content="gauges"></head><body><h1>Gauges</h1><p>Text.</p></body></html>'
    )
    original = intake.read(Submission("page.html", page.encode()), intake.Options())
    assert (original.metadata.kind, original.metadata.key) == ("news", "gauges")
    with pytest.raises(Permanent, match="embargo"):
        intake.read(
            Submission("page.html", page.replace("sectionwire:key", "sectionwire:embarg").encode()), intake.Options()
        )


def test_a_fragment_may_do_without_a_title_and_keeps_all_its_headings():
    """Even one that says what the file is called; an article may not do without."""
    fragment = Submission("Gauges", b"<h2>Gauges</h2><p>Text.</p>")
    original = intake.read(fragment, intake.Options(), needs_title=False)
    assert (original.metadata.title, original.html) == ("", "<h2>Gauges</h2><p>Text.</p>")
    with pytest.raises(Permanent, match="no title"):
        intake.read(fragment, intake.Options())
