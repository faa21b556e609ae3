"""Feeds, sitemaps and the places of lists: valid by their rules, the same bytes for the same input."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import (
    Alternate,
    Corrected,
    Enclosure,
    Feed,
    Part,
    SeriesNavigation,
    SitemapEntry,
    Teaser,
    WithdrawnPage,
)
from pipeline.ledger.models.lists import pack_teaser, unpack_teaser
from pipeline.stages.publish import Renderer, SiteContext, lists, media, sitemap, teasers
from tests.unit.test_publish_render import (
    HOSTILE,
    HOSTS,
    NOW,
    PORTUGAL,
    RENDERER,
    hreflang,
    make_page,
    strict,
    structured,
)

ATOM = "{http://www.w3.org/2005/Atom}"


def teaser(number=0, **known):
    values = {
        "title": f"Notícia {number} & <b>",
        "summary": "A água “baixa” & sobe",
        "url": f"https://pt.tidewater.example/pt-pt/2026/noticia-{number}/",
        "image": "https://media.example/i.jpg?a=1&b=2",
        "image_alt": "Rio <1>",
        "published_at": NOW + timedelta(hours=number),
        "updated_at": NOW + timedelta(hours=number, minutes=5),
        "kind": "news",
        "authors": ("Ana Vale", "Rui"),
        "tags": ("cheias", "C++"),
        "enclosures": (
            Enclosure("https://media.example/a.mp3", "audio/mpeg"),
            Enclosure("https://media.example/b.mp4", "video/mp4"),
        ),
        "uid": f"uid-{number}",
    }
    return Teaser(**{**values, **known})


def feed(*entries, language="pt-PT"):
    home = "https://pt.tidewater.example/pt-pt/"
    return Feed(language, "portugal", home, home, entries, NOW + timedelta(days=1))


def test_atom_and_rss_are_what_an_independent_parser_expects():
    files = RENDERER.feeds(feed(teaser(), teaser(1)), PORTUGAL)
    for name in ("feed.atom", "feed.rss"):
        found = feedparser.parse(files[name])
        assert found.bozo == 0, found.get("bozo_exception")
        assert found.version == {"feed.atom": "atom10", "feed.rss": "rss20"}[name]
        assert found.feed.title == PORTUGAL.name
        assert found.feed.link == "https://pt.tidewater.example/pt-pt/"
        assert found.feed.language.lower() == "pt-pt"
        entry = found.entries[0]
        assert entry.id != found.entries[1].id
        assert uuid.UUID(entry.id)
        assert entry.tags[0].term == {"feed.atom": "news", "feed.rss": "Notícia"}[name]
        assert "Notícia 0 &amp; &lt;b&gt;" in files[name].decode()
        assert entry.published_parsed[:4] == (2026, 1, 1, 1)
        assert entry.enclosures[0].href == "https://media.example/a.mp3"


def test_rss_keeps_its_rules():
    """What the specification asks of a channel, of an item, of guids, dates and enclosures."""
    channel = ET.fromstring(RENDERER.feeds(feed(teaser(), teaser(1, enclosures=())), PORTUGAL)["feed.rss"])[0]
    assert all(channel.findtext(name) for name in ("title", "link", "description", "language"))
    assert parsedate_to_datetime(channel.findtext("lastBuildDate")) == NOW + timedelta(days=1)
    assert channel.find(f"{ATOM}link").attrib["href"].endswith("/feed.rss")
    first, second = channel.findall("item")
    assert parsedate_to_datetime(first.findtext("pubDate")) == NOW
    assert first.find("guid").attrib == {"isPermaLink": "false"}
    assert first.find("enclosure").attrib == {"url": "https://media.example/a.mp3", "length": "0", "type": "audio/mpeg"}
    assert len(first.findall("enclosure")) == 1
    assert second.find("enclosure") is None
    assert first.findtext("description").startswith('<p><img src="https://media.example/i.jpg?a=1&amp;b=2"')
    assert {child.tag for child in first} <= {
        *("title", "link", "guid", "pubDate", "description", "category", "enclosure"),
        "{http://purl.org/dc/elements/1.1/}creator",
    }


def test_json_feed_keeps_its_rules():
    """Version 1.1: what is required, what type each value has, no field that it does not know."""
    data = json.loads(
        RENDERER.feeds(feed(teaser(), teaser(1, image="", summary="", enclosures=())), PORTUGAL)["feed.json"]
    )
    types = {
        "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str, "language": str,
        "authors": list, "items": list,
    }  # fmt: skip
    item_types = {
        "id": str, "url": str, "title": str, "content_text": str, "summary": str, "image": str, "date_published": str,
        "date_modified": str, "authors": list, "tags": list, "language": str, "attachments": list,
    }  # fmt: skip
    assert data["version"] == "https://jsonfeed.org/version/1.1"
    assert data["feed_url"] == "https://pt.tidewater.example/pt-pt/feed.json"
    assert all(isinstance(value, types[name]) for name, value in data.items())
    for item in data["items"]:
        assert all(isinstance(value, item_types[name]) for name, value in item.items())
        assert item["content_text"]
        assert datetime.fromisoformat(item["date_published"]).tzinfo
        assert item["tags"] == ["Notícia", "cheias", "C++"]
    assert data["items"][0]["attachments"] == [
        {"url": "https://media.example/a.mp3", "mime_type": "audio/mpeg"},
        {"url": "https://media.example/b.mp4", "mime_type": "video/mp4"},
    ]
    assert "attachments" not in data["items"][1]


def test_an_entry_keeps_its_name_when_address_and_title_change():
    ids = [
        ET.fromstring(RENDERER.feeds(feed(each), PORTUGAL)["feed.atom"]).findtext(f"{ATOM}entry/{ATOM}id")
        for each in (teaser(), teaser(url="https://other.example/", title="x"), teaser(uid="other"))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_an_empty_feed_is_valid():
    for name, content in RENDERER.feeds(feed(), PORTUGAL).items():
        assert name == "feed.json" or feedparser.parse(content).bozo == 0


def test_a_right_to_left_feed_says_its_direction_where_it_has_markup():
    assert '<p dir="rtl">' in ET.fromstring(RENDERER.feeds(feed(teaser(), language="ur-PK"), PORTUGAL)["feed.rss"])[
        0
    ].findtext("item/description")


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_no_text_breaks_a_feed_or_a_sitemap(text):
    """Any code points, also lone surrogates and controls."""
    each = teaser(
        title=text, summary=text, url=f"https://x.example/{text}", authors=(text,), tags=(text,), image_alt=text
    )
    files = RENDERER.feeds(feed(each), SiteContext(text, ZoneInfo("UTC")))
    ET.fromstring(files["feed.atom"])
    ET.fromstring(files["feed.rss"])
    json.loads(files["feed.json"])
    entry = SitemapEntry(each.url, NOW, (Alternate("pt-PT", each.url), Alternate("en-GB", text)), "en")
    ET.fromstring(sitemap.sitemap([entry]))


def test_a_sitemap_names_each_page_with_its_languages():
    urls = [f"https://{tag}.example/?a=1&b" for tag in ("pt-PT", "pt-BR", "en-GB")]
    alternates = tuple(Alternate(tag, url) for tag, url in zip(("pt-PT", "pt-BR", "en-GB"), urls, strict=True))
    entries = [
        SitemapEntry(urls[0], NOW, alternates, "en-GB"),
        SitemapEntry("https://x.example/", NOW, alternates[:1], "en"),
    ]
    root = ET.fromstring(sitemap.sitemap(entries, [("https://pt.example/", NOW)]))
    name = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert [each.findtext(f"{name}loc") for each in root] == ["https://pt.example/", urls[0], "https://x.example/"]
    assert root[1].findtext(f"{name}lastmod") == "2026-01-01T01:30:00Z"
    links = [(each.get("hreflang"), each.get("href")) for each in root[1].findall("{http://www.w3.org/1999/xhtml}link")]
    assert links == [
        ("en-GB", urls[2]),
        ("pt", urls[0]),
        ("pt-BR", urls[1]),
        ("pt-PT", urls[0]),
        ("x-default", urls[2]),
    ]
    assert len(root[2]) == 2


def test_a_full_sitemap_stays_below_the_limits_of_the_protocol():
    """50,000 addresses and 50 MB, also with the longest addresses that the ledger holds, in thirty sections."""
    url = "https://section-with-a-long-name.example/" + "%D8%A2" * 250
    alternates = tuple(
        Alternate(f"{tag}-{region}", url)
        for tag in ("en", "pt", "es")
        for region in ("AO", "BR", "GB", "MX", "PK", "PT", "US", "CA", "FR", "IN")
    )
    one = len(sitemap.sitemap([SitemapEntry(url, NOW, alternates, "en")]))
    assert sitemap.PER_SITEMAP * one < 60_000_000
    assert sitemap.PER_SITEMAP <= 50_000


def test_robots_allows_everything_and_names_the_sitemaps():
    assert sitemap.robots("https://x.example/sitemap.xml").decode() == (
        "User-agent: *\nDisallow:\n\nSitemap: https://x.example/sitemap.xml\n"
    )


@pytest.mark.parametrize("numbered", [0, 1, 49, 50, 99, 100, 149, 150, 1234])
def test_every_place_of_a_list_is_on_one_page(numbered):
    """And the first page has 50 to 99 of them, as soon as there are as many."""
    pages = [lists.numbers(numbered, number) for number in range(lists.full_pages(numbered) + 1)]
    assert sorted(place for page in pages for place in page) == list(range(1, numbered + 1))
    assert all(len(page) == 50 for page in pages[1:])
    assert min(numbered, 50) <= len(pages[0]) < 100
    assert all(lists.page_of(numbered, place) == number for number, page in enumerate(pages) for place in page)


def test_names_that_differ_in_case_and_accents_share_a_list_and_others_do_not():
    """C, C++ and C# are three; so are two long names that begin alike."""
    pages = [lists.named("tag", name).page for name in ("C", "C++", "C#", "💧", "!", "a" * 90 + "b", "a" * 90 + "c")]
    assert len(set(pages)) == len(pages)
    assert lists.named("tag", "Água  do Rio") == lists.ListKey("tag:agua-do-rio", "Água do Rio")
    assert lists.named("tag", "AGUA DO RIO").page == "tag:agua-do-rio"
    assert lists.named("tag", "دریا کی خبر").page == "tag:دریا-کی-خبر"
    assert lists.named("tag", " \n ") is None


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=120))
def test_any_name_gives_a_path_that_an_output_takes(name):
    key = lists.named("author", name)
    if key is not None:
        path = lists.path("pt-PT", key.page, 3)
        assert re.fullmatch(r"pt-pt/author/[^/]+/3/", path)
        word = path.split("/")[2]
        assert not word.startswith(".")
        assert len(word.encode()) <= 220
        assert lists.split(f"{key.page}/3") == (key.page, 3)
        assert len(key.page) < 150


def test_an_article_stands_in_the_lists_of_its_month_kind_series_authors_and_tags():
    found = lists.of(
        teaser(series="Cheias", part=2, tags=("x", "X", "y")), NOW.astimezone(ZoneInfo("America/New_York"))
    )
    assert [key.page for key in found] == [
        *("archive:2025-12", "kind:news", "series:cheias", "author:ana-vale", "author:rui", "tag:x", "tag:y")
    ]
    assert not [key for key in lists.of(teaser(kind="article"), NOW) if key.page.startswith("kind:")]


def test_a_teaser_survives_the_ledger():
    for each in (
        teaser(),
        teaser(series="s", part=1, caption="c", authors=(), tags=(), enclosures=(), updated_at=None),
    ):
        assert unpack_teaser(json.loads(json.dumps(pack_teaser(each)))) == each


MARKUP = """
<p>a <img src="https://m.example/1.jpg" alt="one &amp; only"></p>
<figure><img alt="two" src="https://m.example/2.jpg"><figcaption>The <em>second</em> &lt;one&gt;</figcaption></figure>
<video controls="" poster="https://m.example/p.jpg">
<source src="https://m.example/v.webm" type="video/webm; codecs=vp9">
<source src="https://m.example/v.mp4" type="video/mp4"></video>
<audio controls="" src="https://m.example/a.opus"></audio><audio controls="" src="/relative.mp3"></audio>
"""


def test_pictures_captions_and_players_of_a_body_are_found():
    found = media.scan(MARKUP)
    assert found.pictures == (
        media.Picture("https://m.example/1.jpg", "one & only", ""),
        media.Picture("https://m.example/2.jpg", "two", "The second <one>"),
    )
    assert found.enclosures == (
        Enclosure("https://m.example/v.webm", "video/webm"),
        Enclosure("https://m.example/a.opus", "audio/ogg"),
    )
    assert media.scan("<p>nothing</p>") == media.Media()


def test_a_hostile_body_takes_linear_time_to_look_through():
    assert media.scan("<figure><img " + 'a="b" ' * 50_000).pictures == ()
    assert media.scan("<figcaption>" * 20_000 + "<img>").pictures == ()


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("https://m.example/2.jpg", ("https://m.example/2.jpg", "given", "The second <one>")),
        ("https://m.example/other.jpg", ("https://m.example/other.jpg", "given", "")),
        ("", ("https://m.example/1.jpg", "one & only", "")),
    ],
)
def test_a_teaser_shows_the_given_picture_or_the_first_with_its_caption(image, shown):
    made = teasers.of(make_page(markup=MARKUP, image=image, image_alt="given", kind="news", authors=("Ana",)))
    assert (made.image, made.image_alt, made.caption) == shown
    assert (made.uid, made.kind, made.authors, len(made.enclosures)) == ("a1", "news", ("Ana",), 2)


def test_corrections_are_told_to_readers_and_machines_newest_first():
    each = (Corrected(NOW, "Two <beds>, not three.", "en"), Corrected(NOW + timedelta(days=2), "O rio.", "pt"))
    soup = strict(RENDERER.article(replace(make_page(), corrections=each), PORTUGAL))
    shown = soup.select(".corrections p")
    assert [" ".join(one.text.split()) for one in shown] == [
        "Corrigido em 3 de janeiro de 2026: O rio.",
        "Corrigido em 1 de janeiro de 2026: Two <beds>, not three.",
    ]
    assert shown[1].select_one("[lang]")["lang"] == "en"
    assert structured(soup)["correction"][0] == {
        "@type": "CorrectionComment",
        "text": "Two <beds>, not three.",
        "inLanguage": "en",
        "datePublished": NOW.isoformat(),
    }
    assert not strict(RENDERER.article(make_page(), PORTUGAL)).select(".corrections")


@pytest.mark.parametrize(
    ("parts", "total", "all_of", "steps"),
    [
        ((1, 2, 3, 5), 5, ["1", "2", "3", "5"], ["p1", "p3"]),
        ((2,), 2, [], []),
        ((1,), 1, ["1", "2"], ["p1"]),
        ((1, 3), 0, [], ["p1", "p3"]),
    ],
)
def test_a_series_leads_to_the_parts_around_it(parts, total, all_of, steps):
    """All of them where they are few; none while this is the only one."""
    known = tuple(Part(each, f"Parte {each}", f"https://pt-pt.tidewater.example/pt-pt/2026/p{each}/") for each in parts)
    page = replace(make_page(series="Cheias", part=2), series=SeriesNavigation(known, total))
    soup = strict(RENDERER.article(page, PORTUGAL))
    assert [item["value"] for item in soup.select(".parts ol li")] == all_of
    assert [link["href"].split("/")[1] for link in soup.select(".parts-steps a")] == steps
    if all_of:
        assert f"Parte 2 de {max(total, 2)}" in soup.select_one(".parts-position").text
        assert soup.select_one(".parts [aria-current]").text == "O rio volta"


def test_a_withdrawn_page_says_so_and_nothing_of_the_article():
    page = WithdrawnPage("ur-PK", "pakistan", "ur-pk/2026/x/", "https://x.example/ur-pk/2026/x/", "a1", NOW)
    soup = strict(RENDERER.withdrawn(page, PORTUGAL))
    assert soup.find("meta", attrs={"name": "robots"})["content"] == "noindex"
    assert soup.html["dir"] == "rtl"
    assert soup.select_one("main a")["href"] == "../../index.html"
    assert "1 جنوری، 2026" in soup.main.text
    assert not soup.find_all("script")
    assert hreflang(soup) == {}


def test_names_of_lists_stay_text_and_feeds_are_announced():
    page = make_page(authors=(HOSTILE, "Ana"), tags=(HOSTILE,), series=HOSTILE, part=1, kind=HOSTILE)
    soup = strict(RENDERER.article(page, PORTUGAL))
    assert len(soup.find_all("script")) == 1
    assert [bdi.text for bdi in soup.select(".byline bdi")][1] == "Ana"
    announced = {link["type"]: link["href"] for link in soup.find_all("link", type=True)}
    assert announced == {
        "application/atom+xml": "../../feed.atom",
        "application/rss+xml": "../../feed.rss",
        "application/feed+json": "../../feed.json",
    }


def test_an_empty_theme_changes_nothing(tmp_path):
    other = Renderer("Tidewater Relief", HOSTS, tmp_path)
    assert other.article(make_page(), PORTUGAL) == RENDERER.article(make_page(), PORTUGAL)
