"""Feeds, sitemaps and pages of others, as they really come: entries and articles, or one sentence on why not."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Permanent
from pipeline.network import parse as parse_network
from pipeline.stages import intake
from pipeline.stages.intake import feed, site, web

URL = "https://feeds.tidewater.example/news/feed.xml"

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:media="http://search.yahoo.com/mrss/"><channel><title>News</title><language>pt-BR</language>
<item><title>Boats &amp;amp; nets</title><link>/a?utm_medium=rss&amp;id=1#top</link><guid>tag:a</guid>
<pubDate>Sat, 21 Nov 2026 23:30:00 +0100</pubDate><dc:creator>Noor Imani</dc:creator><category>Floods</category>
<category>Floods</category><description>&lt;p&gt;The short of it […]&lt;/p&gt;</description>
<content:encoded><![CDATA[<p>The <b>whole</b> of it.</p>]]></content:encoded>
<media:thumbnail url="/pictures/boat.jpg"/></item>
<item><title>Teaser</title><link>https://feeds.tidewater.example/b</link>
<description>It began when… Read more</description></item>
<item><description>No title, no link.</description></item>
<item></item></channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>News</title>
<entry><id>urn:1</id><title type="html">Seeds &amp;lt;3</title><link rel="alternate" href="https://a.example/1"/>
<updated>2026-11-20T10:00:00Z</updated><published>2026-11-19T10:00:00Z</published>
<author><name>Ada</name></author><summary>Teaser</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Seeds for <em>all</em>.</p></div></content></entry>
</feed>"""

JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "language": "en",
    "items": [
        {
            "id": 7,
            "url": "https://a.example/7",
            "title": "Wells",
            "content_html": "<p>Wells.</p>",
            "summary": "Short",
            "date_published": "2026-11-19T10:00:00+01:00",
            "authors": [{"name": "Ada"}],
            "tags": ["water", 3],
            "image": "https://a.example/well.jpg",
        },
        {"id": "text", "content_text": "One < two.\n\nThree."},
        {"title": None},
        "no object",
    ],
}


def test_rss_gives_text_teaser_time_and_address():
    """Relative addresses are resolved, tracking goes, escaped twice is read once, times are UTC."""
    first, teaser, bare = feed.read("The feed", RSS.encode(), URL)
    assert (first.identity, first.url) == ("tag:a", "https://feeds.tidewater.example/a?id=1")
    assert (first.title, first.summary) == ("Boats & nets", "The short of it …")
    assert first.html == "<p>The <b>whole</b> of it.</p>"
    assert (first.language, first.authors, first.tags) == ("pt-BR", ("Noor Imani",), ("Floods",))
    assert first.image == "https://feeds.tidewater.example/pictures/boat.jpg"
    assert first.published_at == datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    assert first.is_whole
    assert (teaser.identity, teaser.is_whole) == ("https://feeds.tidewater.example/b", False)
    assert len(bare.identity) == 64


def test_atom_gives_its_content_and_both_times():
    """XHTML content is content."""
    (entry,) = feed.read("The feed", ATOM.encode(), URL)
    assert (entry.identity, entry.url, entry.summary) == ("urn:1", "https://a.example/1", "Teaser")
    assert "<em>all</em>" in entry.html
    assert (entry.published_at.day, entry.updated_at.day) == (19, 20)


def test_json_feed_gives_the_same():
    """What is no object or says nothing is passed over; plain text becomes paragraphs."""
    first, text = feed.read("The feed", json.dumps(JSON).encode(), URL, "application/feed+json")
    assert (first.identity, first.tags, first.authors) == ("7", ("water",), ("Ada",))
    assert first.published_at == datetime(2026, 11, 19, 9, tzinfo=UTC)
    assert text.html == "<p>One &lt; two.</p><p>Three.</p>"


def test_an_entry_survives_being_kept():
    """As JSON, with the same stamp; any change of what the feed says changes that."""
    entries = feed.read("The feed", RSS.encode(), URL)
    for entry in entries:
        kept = feed.unpack(json.loads(json.dumps(entry.packed())))
        assert (kept, kept.stamp) == (entry, entry.stamp)
    changed = feed.read("The feed", RSS.replace("whole", "hole").encode(), URL)
    assert [old.stamp == new.stamp for old, new in zip(entries, changed, strict=True)] == [False, True, True]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("<p>All of it.</p>", True),
        ("<p>Some of it […]</p>", False),
        ("<p>Some of it&hellip;</p>", False),
        ('<p>Some of it. <a href="/x">Continue reading →</a></p>', False),
        ("<p>Some of it [&#8230;]</p>\n", False),
        ("<p>Wait… there is more to say.</p>", True),
        ("", False),
    ],
)
def test_a_text_that_breaks_off_is_only_a_teaser(text, whole):
    """The page has the rest."""
    assert feed.Entry("x", html=text, is_content=True).is_whole == whole


def test_a_feed_with_a_fault_in_its_xml_is_read_all_the_same():
    """Small ones, as other readers do."""
    entries = feed.read("The feed", RSS.replace("&amp;amp; nets", "& nets").encode(), URL)
    assert entries[0].title == "Boats & nets"


def test_a_charset_that_the_server_tells_is_believed():
    """The XML says none."""
    data = ATOM.replace("Seeds for", "Água e").encode("iso-8859-1")
    (entry,) = feed.read("The feed", data, URL, "application/atom+xml; charset=iso-8859-1")
    assert "Água" in entry.html


@pytest.mark.parametrize("charset", ["punycode", "undefined", "utf-7", "unicode_escape", "hex", "nonsense"])
def test_what_is_no_charset_of_texts_is_not_believed(charset):
    """Python would decode some of these, fail in its own way at others, and take an hour for a large punycode."""
    said, own = f"text/xml; charset={charset}", f'<?xml version="1.0" encoding="{charset}"?>\n'.encode()
    for data, content_type in ((RSS.encode(), said), (own + RSS.encode(), "")):
        assert feed.read("The feed", data, URL, content_type) == feed.read("The feed", RSS.encode(), URL)
    body = (
        "<article><h1>The tide tables</h1>"
        + "<p>The harbour of São Vicente is dry at low water.</p>" * 20
        + "</article>"
    )
    _, html = site.read_page("The page", body.encode(), URL, intake.Options(), charset)
    assert "São Vicente" in html


@pytest.mark.parametrize("stray", ["&#99999999999999999999;", "<gml:pos>1 2</gml:pos>"])
def test_a_feed_over_which_the_parser_trips_is_refused_in_one_sentence(stray):
    """In a feed that is no proper XML, feedparser raises whatever it happens to: OverflowError, KeyError."""
    data = RSS.replace("<item></item>", f"<item><title>{stray}</title></item>&").encode()
    with pytest.raises(Permanent, match=r"The feed can't be read: it is faulty\. Ask whoever runs it"):
        feed.read("The feed", data, URL)


ENTITIES = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 10))
BOMB = (
    f'<!DOCTYPE x [<!ENTITY b0 "aaaaaaaaaa">{ENTITIES}]><rss version="2.0"><channel><title>&b9;</title></channel></rss>'
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (BOMB.encode(), "declares entities"),
        (BOMB.replace("&b9;", "&unknown").encode(), "declares entities"),
        (BOMB.encode("utf-16"), "declares entities"),
        (
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel>&x;</channel></rss>',
            "declares entities",
        ),
        (b"<rss><channel>" + b"<item>" * 400, "nests them"),
        (b"<rss>" + b"<a " * 60_000, "too large to guess"),
        (b"<rss>" + b"x" * 1_100_000, "too large to guess"),
        (b"<html><body>404</body></html>", "but a web page"),
        (b"   ", "is empty"),
        (b"\x1f\x8b\x08 packed", "no feed"),
        (b"{" * 100_000, "no JSON"),
        (b'{"items": []}', "no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [' + b"9" * 5_000 + b"]}", "no JSON"),
    ],
)
def test_a_hostile_feed_is_refused_in_one_sentence(data, message):
    """Before any parser works on it."""
    with pytest.raises(Permanent, match=message) as refused:
        feed.read("The feed", data, URL)
    assert refused.value.remedy


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"<rss><channel><item>", b"<feed>", b'{"version":']))
def test_no_bytes_break_the_reader(tail, head):
    """They are entries, or a foreseen refusal."""
    try:
        entries = feed.read("The feed", head + tail, URL)
    except Permanent:
        return
    for entry in entries:
        json.dumps(entry.packed()).encode()
        assert "\0" not in json.dumps(entry.packed(), ensure_ascii=False)


def test_a_sitemap_may_be_xml_an_index_a_list_and_packed():
    """Addresses with what is said of their last change."""
    xml = (
        b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc> https://a.example/x?a=1&amp;b=2 </loc>'
        b"<lastmod>2026-11-20</lastmod></url><url><loc>javascript:x</loc></url><url/></urlset>"
    )
    for data in (xml, gzip.compress(xml)):
        (page,) = site.read_sitemap("The sitemap", data, "https://a.example/s.xml", 10_000).pages
        assert page == site.Located("https://a.example/x?a=1&b=2", "2026-11-20")
        assert page.modified_at == datetime(2026, 11, 20, tzinfo=UTC)
    index = b"<sitemapindex><sitemap><loc>https://a.example/1.xml</loc></sitemap></sitemapindex>"
    assert [each.url for each in site.read_sitemap("It", index, "", 10_000).sitemaps] == ["https://a.example/1.xml"]
    listed = site.read_sitemap("It", b"https://a.example/1\nhttps://a.example/2\n", "", 10_000)
    assert len(listed.pages) == 2
    assert site.Located("x", "soon").modified_at is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b"<urlset>" + b" " * 2_000_000), "more than 1,000,000 bytes"),
        (b"\x1f\x8b\x08 broken", "damaged"),
        (BOMB.encode(), "declares entities"),
        (b"<urlset>" + b"<a>" * 1_000, "no proper XML"),
        (b"<urlset><url>", "no proper XML"),
        (b"<html></html>", "no sitemap"),
        (b"<!-- a root --><url><loc>https://a.example/</loc></url>", "no sitemap"),
        (b"hello", "no sitemap"),
        (b"", "is empty"),
    ],
)
def test_a_hostile_sitemap_is_refused_in_one_sentence(data, message):
    """Bounded before it is unpacked, and without entities."""
    with pytest.raises(Permanent, match=message):
        site.read_sitemap("The sitemap", data, "https://a.example/s.xml", 1_000_000)


TEXT = "The river rose by two metres in the night, and forty families were brought to the school on the hill by boat. "


def page(body: str, head: str = "") -> bytes:
    """A page around a body."""
    return (
        f'<!doctype html><html lang="en-GB"><head><title>The flood</title>{head}</head><body><nav><a href="/">Home</a>'
        f'<a href="/about">About</a></nav>{body}<div class="side"><ul><li><a href="/x">Other news</a></li></ul></div>'
        "<footer>All rights reserved</footer></body></html>"
    ).encode()


def test_an_article_that_the_page_marks_keeps_its_own_markup():
    """Pictures with their captions, which extraction would lose."""
    figure = '<figure><img src="/boat.jpg" alt="A boat"><figcaption>The boat.</figcaption></figure>'
    data = page(f"<article><h1>The flood</h1>{figure}<p>{TEXT * 3}</p></article>")
    metadata, html = site.read_page("The page", data, "https://a.example/flood", intake.Options())
    assert (metadata.title, metadata.language) == ("The flood", "en-GB")
    assert metadata.canonical_url == "https://a.example/flood"
    assert "<figcaption>" in html
    assert "About" not in html


def test_of_a_page_that_marks_nothing_the_article_is_found():
    """Without menu, sidebar and foot."""
    sentences = [TEXT.replace("two", number) for number in ("three", "four", "five", "six")]
    body = f'<div class="c"><h1>The flood</h1>{"".join(f"<p>{each}</p>" for each in sentences)}</div>'
    body += '<div class="teasers">' + "".join(f'<p><a href="/{n}">Other news {n}</a></p>' for n in range(30)) + "</div>"
    _, html = site.read_page("The page", page(body), "https://a.example/flood", intake.Options())
    assert "four metres" in html
    assert "Other news" not in html
    assert "All rights" not in html


@pytest.mark.parametrize(
    ("canonical", "expected"),
    [
        ("/the-flood?utm_source=x", "https://a.example/the-flood"),
        ("https://a.example/", "https://a.example/flood"),
        ("javascript:alert(1)", "https://a.example/flood"),
    ],
)
def test_the_canonical_address_is_the_page_s_own_where_that_can_be(canonical, expected):
    """Some systems name the front page in every page."""
    data = page(f"<article><h1>The flood</h1><p>{TEXT * 3}</p></article>", f'<link rel="canonical" href="{canonical}">')
    metadata, _ = site.read_page("The page", data, "https://a.example/flood", intake.Options())
    assert metadata.canonical_url == expected


def test_a_page_out_of_bounds_is_refused_before_extraction():
    """As every submission."""
    with pytest.raises(Permanent, match="deep"):
        site.read_page("The page", page("<div>" * 2_000), "https://a.example/", intake.Options())
    with pytest.raises(Permanent, match="is empty"):
        site.read_page("The page", b"<html><body></body></html>", "https://a.example/", intake.Options())


def test_two_texts_are_the_same_by_their_words():
    """Whatever the markup; short notices are not told apart by that."""
    one = web.content_digest("Flood", f"<p>{TEXT}</p>")
    assert one == web.content_digest("FLOOD", f"<div><b>{TEXT.upper()}</b></div>")
    assert one != web.content_digest("Flood", f"<p>{TEXT.replace('two', 'three')}</p>")
    assert web.content_digest("Flood", "<p>Too short.</p>") == ""


SOURCE = """
[organisation]
name = "Tidewater Relief"
[outputs.site]
type = "folder"
base_url = "https://tidewater.example"
[[sections]]
key = "portugal"
name = "Portugal"
country = "PT"
time_zone = "Europe/Lisbon"
languages = [{ tag = "pt-PT", base = "pt" }]
outputs = ["site"]
"""


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ('[[sources]]\nkey = "a"\ntype = "feed"\n', "needs “url”"),
        ('[[sources]]\nkey = "a"\ntype = "folder"\nurl = "https://a.example/"\n', "needs “path”"),
        ('[[sources]]\nkey = "a"\ntype = "folder"\npath = "in"\nurl = "https://a.example/"\n', "has no “url”"),
        ('[[sources]]\nkey = "submit"\ntype = "folder"\npath = "in"\n', "uses itself"),
        ('[[sources]]\nkey = "a"\ntype = "feed"\nurl = "ftp://a.example/"\n', "no address"),
        ('[[sources]]\nkey = "a"\ntype = "feed"\nurl = "https://a.example/"\nlanguage = "xx"\n', "no language"),
        ('[[sources]]\nkey = "a"\ntype = "feed"\nurl = "https://a.example/"\nonly = ["/x"]\n', "means nothing"),
        ('[[sources]]\nkey = "a"\ntype = "site"\nurl = "https://a.example/"\nonly = ["x"]\n', "no path"),
        ('[[sources]]\nkey = "a"\ntype = "site"\nurl = "https://a.example/"\nuser_agent = "a\\r\\nb"\n', "user agent"),
        ('[[sources]]\nkey = "a"\ntype = "folder"\npath = "in"\n' * 2, "two sources"),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_its_line(tables, message):
    """When the network file is read."""
    with pytest.raises(Permanent, match=message) as refused:
        parse_network(SOURCE + tables)
    assert "network.toml:" in refused.value.message
