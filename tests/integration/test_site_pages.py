"""Everything a section's site shows: lists, feeds, sitemaps, series; written once for many changes, from few rows."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import unquote

import feedparser
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from pipeline.documents import Teaser
from pipeline.flow import decisions, deliveries, installation, listing, publish, refresh, withdraw
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, Edition, Listed, Place, Refresh, Revision, Translation
from pipeline.stages.publish import lists, sitemap

AUDIO = '<figure><audio controls src="https://media.example/a.mp3"></audio></figure>'


@pytest.fixture
def site(desk):
    """A site to which articles are published."""
    return Site(desk)


class Site:
    """What a test does with the published sites."""

    def __init__(self, desk):
        self.desk = desk

    def publish(self, key, html="<p>The water rose.</p>", **metadata):
        self.desk.submit(html, key=key, title=metadata.pop("title", f"Report {key}"), **metadata)
        self.work()

    def work(self):
        self.desk.work()
        for _ in range(3):  # what follows is due at once here
            publish.run("site")
        assert invariants.broken() == []
        assert not Refresh.objects.exclude(status="done").exists()

    def file(self, path, section="united-states"):
        return self.desk.home / "outputs" / section / path

    def read(self, path, section="united-states"):
        return self.file(path, section).read_text(encoding="utf-8")

    def files(self, section="united-states"):
        root = self.desk.home / "outputs" / section
        return {
            str(path.relative_to(root))
            for path in root.rglob("*")
            if path.is_file() and ".sectionwire" not in path.parts
        }

    def path(self, key, section="united-states"):
        return Edition.objects.get(article__key=key, section=section).path


def links(page):
    """The addresses that a page links to."""
    return [unquote(found) for found in re.findall(r'href="([^"]+)"', page)]


def test_an_article_brings_its_lists_feeds_and_sitemaps(site):
    """Only pages that have an article exist."""
    site.publish(
        "a",
        kind="news",
        tags=("floods", "C++"),
        authors=("Ana Vale",),
        published_at=datetime(2026, 3, 1, 2, tzinfo=UTC),
    )
    found = site.files()
    assets = {name for name in found if name.startswith("assets/")}
    assert len(assets) == 1
    assert found - assets == {
        "index.html",
        "404.html",
        "robots.txt",
        "sitemap.xml",
        "sitemap-en-us-1.xml",
        "en-us/index.html",
        "en-us/feed.atom",
        "en-us/feed.rss",
        "en-us/feed.json",
        "en-us/archive/index.html",
        "en-us/archive/2026-02/index.html",  # it was still February in New York
        "en-us/kind/news/index.html",
        "en-us/topic/floods/index.html",
        "en-us/topic/c-cedb1bac/index.html",
        "en-us/author/ana-vale/index.html",
        f"{site.path('a')}index.html",
    }


def test_every_link_inside_a_site_leads_to_a_page(site):
    """From whichever page."""
    for number in (1, 2):
        site.publish(str(number), kind="news", tags=("floods",), authors=("Ana Vale",), series="The Tide", part=number)
    pages = [name for name in site.files("brazil") if name.endswith(".html")]
    assert len(pages) > 8
    for name in pages:
        here = site.file(name, "brazil").parent
        for link in links(site.read(name, "brazil")):
            if link.startswith("https://brazil.example/"):
                target = site.file(link.removeprefix("https://brazil.example/"), "brazil")
            elif "://" in link or link.startswith("#"):
                continue
            else:
                target = here / link.partition("#")[0]
            assert target.exists(), f"{name}: {link}"


def test_an_article_leads_to_its_lists_and_the_front_page_to_its_kinds(site):
    site.publish("a", kind="news", tags=("floods",), authors=("Ana Vale",))
    page = links(site.desk.page("united-states"))
    assert {"../../topic/floods/index.html", "../../author/ana-vale/index.html", "../../kind/news/index.html"} <= set(
        page
    )
    front = links(site.read("en-us/index.html"))
    assert {"kind/news/index.html", "archive/index.html", "feed.atom"} <= set(front)
    assert re.search(r'href="2026-\d\d/index.html"', site.read("en-us/archive/index.html"))


def test_a_page_that_lost_its_last_article_is_gone(site):
    """And the archive no longer leads to it; the article stands in its new lists."""
    site.publish("a", kind="news", tags=("floods",))
    site.publish("b", kind="news", tags=("tides",))
    site.publish("a", html="<p>The water fell.</p>", kind="statement", tags=("tides",))
    files = site.files()
    assert "en-us/topic/floods/index.html" not in files
    assert "en-us/kind/statement/index.html" in files
    assert "floods" not in site.read("en-us/archive/index.html")
    assert site.read("en-us/topic/tides/index.html").count("<article") == 2
    assert site.read("en-us/kind/news/index.html").count("<article") == 1
    assert Refresh.objects.get(section="united-states", page="tag:tides").listed == 2


def test_what_is_withdrawn_is_told_nowhere(site):
    """Its address stands in no list, feed or sitemap any more, and what was only its own is gone; it can come back."""
    site.publish("a", kind="news", tags=("floods",))
    site.publish("b", kind="news", title="Another one")
    article, path, net = Article.objects.get(key="a"), site.path("a"), installation.network()

    def told():
        endings = (".html", ".xml", ".atom", ".rss", ".json")
        slug = path.rstrip("/").rpartition("/")[2]
        others = {name for name in site.files() if name.endswith(endings)} - {f"{path}index.html"}
        return {name for name in others if f"/{slug}/" in site.read(name) or f'"{slug}/' in site.read(name)}

    before = told()
    assert len(before) == 8
    withdraw.withdraw(article, by="Ana", reason="It was wrong.", net=net)
    site.work()
    assert told() == set()
    notice = site.read(f"{path}index.html")
    assert "This article was withdrawn" in notice
    assert "Report a" not in notice
    assert 'name="robots" content="noindex"' in notice
    assert "another-one" in site.read("en-us/feed.json")
    assert "en-us/topic/floods/index.html" not in site.files()
    assert "floods" not in site.read("en-us/archive/index.html")
    withdraw.reinstate(article, by="Ana", net=net)
    site.work()
    assert told() == before


def test_the_parts_of_a_series_name_each_other(site):
    """A sibling is written again when a part appears, and once only."""
    series = {"series": "The Tide", "kind": "feature"}
    site.publish("one", title="Part one", part=1, **series)
    site.publish("three", title="Part three", part=3, **series)
    first, third = (site.read(f"{site.path(key)}index.html") for key in ("one", "three"))
    assert "Part 1 of 3" in first
    assert "Part 3 of 3" in third
    assert re.search(r'href="\.\./part-three/index\.html" rel="next"', first)
    assert re.search(r'href="\.\./part-one/index\.html" rel="prev"', third)
    before = Delivery.objects.get(edition__article__key="one", edition__section="united-states").confirmed_seq
    site.work()
    site.work()
    assert Delivery.objects.get(edition__article__key="one", edition__section="united-states").confirmed_seq == before
    page = site.read("en-us/series/the-tide/index.html")
    assert page.index("Part one") < page.index("Part three")


def test_feeds_are_valid_and_carry_what_the_article_plays(site):
    site.publish(
        "a", html=f"<p>The water rose.</p>{AUDIO}", kind="news", summary="A & <b>", tags=("x & y",), authors=("Ana",)
    )
    for name in ("feed.atom", "feed.rss"):
        feed = feedparser.parse(site.file(f"en-us/{name}").read_bytes())
        assert not feed.bozo, feed.get("bozo_exception")
        (entry,) = feed.entries
        assert entry.link == f"https://united-states.example/{site.path('a')}"
        assert [(each.href, each.type) for each in entry.enclosures] == [("https://media.example/a.mp3", "audio/mpeg")]
    (item,) = json.loads(site.read("en-us/feed.json"))["items"]
    assert item["attachments"] == [{"url": "https://media.example/a.mp3", "mime_type": "audio/mpeg"}]


def test_sitemaps_name_the_languages_of_a_page_everywhere(site):
    """Reciprocally, from what is confirmed; robots.txt names their index."""
    site.publish("a")
    for section, name in (("united-states", "sitemap-en-us-1.xml"), ("brazil", "sitemap-pt-br-1.xml")):
        text = site.read(name, section)
        assert f"<loc>https://{section}.example/{site.path('a', section)}</loc>" in text
        assert {"en-US", "pt-BR", "x-default"} == set(re.findall(r'hreflang="([^"]+)"', text))
        assert f"https://{section}.example/{name}" in site.read("sitemap.xml", section)
        assert f"Sitemap: https://{section}.example/sitemap.xml" in site.read("robots.txt", section)
    portugal = Edition.objects.get(section="portugal")
    decisions.approve(portugal.pk, by="Ana", net=installation.network())
    site.work()
    found = [
        re.findall(r'hreflang="[^"]+" href="[^"]+"', site.read(*each))
        for each in (
            ("sitemap-en-us-1.xml", "united-states"),
            ("sitemap-pt-br-1.xml", "brazil"),
            ("sitemap-pt-pt-1.xml", "portugal"),
        )
    ]
    assert found[0] == found[1] == found[2]
    assert 'hreflang="pt-PT" href="https://portugal.example/' in "".join(found[0])


def test_a_confirmation_that_changes_no_teaser_writes_the_sitemap_only(site):
    """Alternates that come and go don't touch front pages and lists."""
    site.publish("a", kind="news")
    before = dict(Refresh.objects.filter(section="united-states").values_list("page", "dirty_seq"))
    delivery = Delivery.objects.get(edition__section="united-states")
    deliveries.want([(delivery.edition, installation.network().section("united-states"))])
    site.work()
    after = dict(Refresh.objects.filter(section="united-states").values_list("page", "dirty_seq"))
    assert {page for page in after if after[page] != before[page]} == {"sitemap:1"}


def test_a_language_that_comes_to_a_site_is_led_to_from_the_others(site):
    """Front pages, the page for lost addresses and the index of sitemaps; the root stays with the first language."""
    text = installation.settings.NETWORK_FILE.read_text()
    more = text.replace(
        '{ tag = "en-US", base = "en" }', '{ tag = "en-US", base = "en" }, { tag = "pt-BR", base = "pt" }'
    )
    assert more != text
    site.publish("a")
    assert "pt-br" not in site.read("404.html")
    installation.settings.NETWORK_FILE.write_text(more)
    site.publish("b")
    for name in ("404.html", "en-us/index.html", "en-us/archive/index.html", "sitemap.xml"):
        assert "pt-br" in site.read(name), name
    assert 'url=en-us/index.html"' in site.read("index.html")


@pytest.fixture
def crowd(site):
    """A function that lists many articles at once, as if a worker had confirmed them."""
    site.publish("seed", kind="news", tags=("floods",))
    model = Edition.objects.select_related("article", "translation").get(section="united-states")
    net = installation.network()

    def add(first, number, *, size=200):
        for start in range(first, first + number, size):
            names = [f"x{each:06}" for each in range(start, min(start + size, first + number))]
            articles = Article.objects.bulk_create(
                Article(uid=name, title=name, language="en", base="en", created_at=model.published_at) for name in names
            )
            revisions = Revision.objects.bulk_create(
                Revision(
                    article=each,
                    number=1,
                    checksum="",
                    metadata={},
                    submitted_as="x",
                    submitted_at=model.published_at,
                    lane="prepare",
                    status="done",
                )
                for each in articles
            )
            texts = Translation.objects.bulk_create(
                Translation(article=each, base="en", revision=revision, lane="t", status="done")
                for each, revision in zip(articles, revisions, strict=True)
            )
            editions = Edition.objects.bulk_create(
                Edition(
                    article=each,
                    section="united-states",
                    language="en-US",
                    translation=text,
                    path=f"en-us/2026/{each.uid}/",
                )
                for each, text in zip(articles, texts, strict=True)
            )
            rows = Delivery.objects.bulk_create(
                Delivery(
                    edition=each,
                    output="site",
                    lane="publish.site",
                    status="done",
                    wanted_seq=1,
                    confirmed_seq=1,
                    url=f"https://x.example/{each.path}",
                )
                for each in editions
            )
            moment = datetime(2026, 1, 5, tzinfo=UTC)
            teasers = {
                row.pk: Teaser(
                    title=row.edition.article.uid,
                    summary="",
                    url=row.url,
                    image="",
                    image_alt="",
                    published_at=moment + timedelta(minutes=start + place),
                    kind="news",
                    tags=("floods",),
                    uid=row.edition.article.uid,
                )
                for place, row in enumerate(rows)
            }
            listing.confirmed(rows, teasers, net)

    return add


def test_older_pages_of_a_list_stay_as_they_are(site, crowd):
    """What is full never changes because something new comes; every article stands on one page."""
    crowd(0, 229)
    site.work()
    pages = ["en-us/kind/news/index.html", *(f"en-us/kind/news/{number}/index.html" for number in (3, 2, 1))]
    assert "en-us/kind/news/4/index.html" not in site.files()
    shown = [re.findall(r">(x\d{6}|Report seed)</a>", site.read(name)) for name in pages]
    assert [len(each) for each in shown] == [80, 50, 50, 50]
    assert len({title for each in shown for title in each}) == 230
    for newer, older in pairwise(pages):
        assert older.removeprefix("en-us/kind/news/") in " ".join(links(site.read(newer)))
    old = {name: site.file(name).stat().st_mtime_ns for name in pages[1:]}
    crowd(1000, 5)
    site.work()
    assert {name: site.file(name).stat().st_mtime_ns for name in pages[1:]} == old
    assert "x001004" in site.read(pages[0])
    crowd(2000, 15)
    site.work()
    assert "../4/index.html" in links(site.read(pages[1]))
    assert re.findall(r">(x\d{6})</a>", site.read("en-us/kind/news/4/index.html"))


def test_many_articles_refresh_each_page_once(site, crowd):
    """However many are confirmed within the time that pages wait."""
    before = dict(Refresh.objects.values_list("pk", "done_seq"))
    crowd(0, 160, size=20)
    assert Refresh.objects.get(section="united-states", page="front").dirty_seq >= 8
    with CaptureQueriesContext(connection) as queries:
        while publish.run("site")[0]:
            pass
    written = [
        row.page for row in Refresh.objects.filter(section="united-states") if row.done_seq != before.get(row.pk, 0)
    ]
    sent = [query["sql"] for query in queries if query["sql"].startswith("UPDATE") and '"done_seq" = ' in query["sql"]]
    assert len(sent) == len(written)
    assert len(written) < 40


def test_a_refresh_reads_only_the_rows_that_it_shows(site, crowd):
    """By an index, with the same number of queries for few and for many articles: asked of the database itself."""
    crowd(0, 150)
    site.work()
    counts = []
    for number in (150, 600):
        Refresh.objects.filter(page__in=("front", "feed", "kind:news", "archive:2026-01", "sitemap:1")).update(
            status="ready", due_at=Now()
        )
        with CaptureQueriesContext(connection) as queries:
            publish.run("site")
        counts.append(len(queries))
        if number == 150:
            crowd(10_000, 450)
            site.work()
    assert counts[0] == counts[1]
    front = Refresh.objects.get(section="united-states", page="front")
    for found in (
        Place.objects.filter(refresh=front).order_by("-published_at", "-number")[:20],
        refresh._between(front, sitemap.places(1)),
        refresh._between(front, lists.numbers(600, 3)),
    ):
        plan = found.explain()
        assert "index" in plan.lower(), plan
        assert "temp b-tree" not in plan.lower(), plan
        assert "seq scan on ledger_place" not in plan.lower() or connection.vendor == "postgresql", plan
    assert Listed.objects.count() > 600


def test_a_theme_of_the_installation_is_on_every_page(site):
    """Templates and assets; what a page links to is there."""
    theme = site.desk.home / "theme"
    for name, text in {
        "templates/masthead.html": '<header><img src="{{ asset.logo.svg }}" alt="Ours">{{ section }}</header>',
        "assets/logo.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
        "assets/own.css": "body { color: teal }",
    }.items():
        (theme / name).parent.mkdir(parents=True, exist_ok=True)
        (theme / name).write_text(text)
    site.publish("a", kind="news")
    for name in ("en-us/index.html", "en-us/kind/news/index.html", "en-us/archive/index.html", "404.html"):
        page = site.read(name)
        (logo,) = re.findall(r'<img src="([^"]+logo\.svg)" alt="Ours">', page)
        own = logo.removeprefix("https://united-states.example/")
        assert (site.file(name).parent / own).resolve().exists() or site.file(own).exists()
    (style,) = [name for name in site.files() if name.endswith("site.css")]
    assert site.read(style).endswith("body { color: teal }")


def test_everything_can_be_written_again(site):
    """After a change of templates or of a section's name: every page of the section, and nothing of another."""
    site.publish("a", kind="news")
    assert listing.again("site", "brazil") == Refresh.objects.filter(section="brazil").count() > 8
    assert not Refresh.objects.filter(status="ready").exclude(section="brazil").exists()
    site.work()


def test_what_was_never_seen_makes_no_pages(site):
    """An article that is taken back before it went out leaves no front page behind."""
    site.desk.submit(key="a")
    site.desk.work(publishing=False)
    withdraw.withdraw(Article.objects.get(), by="Ana", reason="Too early.", net=installation.network())
    site.work()
    assert not Refresh.objects.exists()
    assert not (site.desk.home / "outputs").exists() or site.files() == set()
