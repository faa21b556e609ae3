"""Sources: what appears in a feed, a folder or a site comes in once, changes as revisions, and is missed once gone."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from pipeline.errors import Permanent
from pipeline.flow import erase, installation, tombs
from pipeline.flow import sources as flow
from pipeline.flow.sources import SourceReport, feeds, folders, listing, polite, row, taking
from pipeline.ledger.models import Article, Event, Host, Revision, Source, SourceItem
from tests.receiver import Reply, Request, serving

HOUR = timedelta(hours=1)
WORDS = (
    "The water of the river rose by two metres in the night and the crews of the boats brought forty families from "
    "their houses to the school on the hill where volunteers had made soup and found dry blankets for everybody."
)


def html(title: str, *, text: str = WORDS, head: str = "") -> str:
    """A page with a frame around its article."""
    return (
        f'<!doctype html><html lang="en"><head><title>{title} | Tidewater Relief</title>{head}</head><body>'
        '<nav><a href="/">Home</a><a href="/about/">About us</a></nav>'
        f"<article><h1>{title}</h1><p>{text}</p><p>{title}: {text[::-1]}</p></article>"
        "<footer><p>Tidewater Relief</p></footer></body></html>"
    )


@dataclass
class Web:
    """A web server of somebody else. ``pages`` are bodies by path, or replies; ``asked`` is what was asked of it."""

    url: str = ""
    pages: dict[str, str | bytes | Reply] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    clock: dict[str, str] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        """Answer one request; with ETags."""
        self.asked.append(request)
        found = self.pages.get(request.path)
        if found is None:
            return Reply(404)
        if isinstance(found, Reply):
            return found
        body = found.replace("{web}", self.url).encode() if isinstance(found, str) else found
        etag = f'"{hash(body)}"'
        if request.headers.get("if-none-match") == etag:
            return Reply(304, headers={"ETag": etag})
        return Reply(200, body, {"ETag": etag, "Content-Type": "text/html"})

    def paths(self) -> list[str]:
        """What was asked for since the last call."""
        paths = [request.path for request in self.asked]
        self.asked.clear()
        return paths


@dataclass
class Sources:
    """The sources of a test, and the time that passes."""

    desk: object
    settings: object
    web: Web
    now: datetime

    def add(self, **values: object) -> None:
        """Add a source to the network file."""
        given = {"politeness_seconds": 0, "allow_private": True, **values}
        if values["type"] == "folder":
            given.pop("politeness_seconds"), given.pop("allow_private")
        lines = [f"{name} = {json.dumps(value)}" for name, value in given.items()]
        path: Path = self.settings.NETWORK_FILE
        path.write_text("\n".join([path.read_text(encoding="utf-8"), "[[sources]]", *lines, ""]), encoding="utf-8")
        os.utime(path, ns=(0, self.web_time()))

    def web_time(self) -> int:
        """A time of the network file that is new each time."""
        return int(self.now.timestamp()) * 10**9 + len(self.settings.NETWORK_FILE.read_bytes())

    def fetch(self, key: str = "news", *, after: timedelta = HOUR * 2, **options: bool) -> SourceReport:
        """Look at the source some time later."""
        self.now += after
        return flow.fetch(installation.network(), key, self.now, **options)


@pytest.fixture
def sources(desk, settings) -> Iterator[Sources]:
    """An installation, and a web server without a robots.txt."""
    web = Web()
    with serving(web) as web.url:
        yield Sources(desk, settings, web, timezone.now())


def counts(report: SourceReport) -> tuple[int, int, int, int, int, int]:
    """The numbers of a report in one line."""
    assert not report.trouble, report.trouble
    return report.new, report.updated, report.unchanged, report.duplicates, report.gone, len(report.failed)


def rss(*entries: str) -> str:
    """A feed."""
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>News</title><language>en-GB</language>{''.join(entries)}</channel></rss>"
    )


def entry(number: int, text: str = "", **more: str) -> str:
    """An entry with its whole text, different for every number."""
    text = text or f"<p>Report {number}. {' '.join(word + str(number) for word in WORDS.split())}</p>"
    extra = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    return (
        f"<item><title>Report {number}</title><guid isPermaLink='false'>news-{number}</guid>"
        f"<link>{{web}}/news/{number}?utm_source=feed</link>{extra}"
        f"<content:encoded><![CDATA[{text}]]></content:encoded></item>"
    )


def test_a_feed_brings_each_article_once_and_a_changed_text_as_a_revision(sources):
    """And asks only whether anything has changed."""
    web = sources.web
    web.pages["/feed"] = rss(entry(1, category="floods"), entry(2), entry(2, "<p>The same guid again.</p>"))
    sources.add(key="news", type="feed", url=f"{web.url}/feed", kind="news", tags=["intake"])
    assert counts(sources.fetch()) == (2, 0, 0, 0, 0, 0)
    article = Article.objects.get(key="news-1")
    assert (article.source, article.canonical_url) == ("news", f"{web.url}/news/1")
    metadata = article.revisions.get().metadata
    assert (metadata["kind"], metadata["tags"], metadata["language"]) == ("news", ["floods", "intake"], "en-GB")
    assert web.paths() == ["/feed"]

    assert counts(sources.fetch()) == (0, 0, 2, 0, 0, 0)
    assert "if-none-match" in web.asked[0].headers

    web.pages["/feed"] = rss(entry(1), entry(2, f"<p>Corrected. {WORDS}</p>"), entry(3))
    report = sources.fetch()
    assert counts(report) == (1, 2, 0, 0, 0, 0)  # the first has lost its tag
    assert len(report.articles) == 3
    assert Revision.objects.filter(article__key="news-2").count() == 2
    assert Article.objects.count() == 3

    sources.desk.work()
    assert len(list((sources.desk.home / "outputs" / "brazil").glob("*/2026/*/index.html"))) == 3


def paged(number: int, *entries: str, after: str = "") -> str:
    """A page of a feed that goes on at another address: RSS with an Atom link, or JSON Feed where the number is odd."""
    if number % 2:
        items = [
            {
                "id": each,
                "title": f"Report {each}",
                "content_text": f"{each}: {' '.join(each + w for w in WORDS.split())}",
            }
            for each in entries
        ]
        page = {"version": "https://jsonfeed.org/version/1.1", "language": "en", "items": items}
        return json.dumps(page | ({"next_url": after} if after else {}))
    link = f'<link xmlns="http://www.w3.org/2005/Atom" rel="next" href="{after}"/>'
    return rss(link if after else "", *(entry(ord(each)) for each in entries))


def test_a_feed_that_goes_on_at_another_page_is_followed_as_far_as_something_is_new(sources):
    """RFC 5005 and JSON Feed: no page is asked for without need, none twice, and the feed's end is its end."""
    web = sources.web
    web.pages |= {"/feed": paged(1, "a", after="/2"), "/2": paged(2, "b", after="{web}/3"), "/3": paged(3, "c")}
    sources.add(key="news", type="feed", url=f"{web.url}/feed", deletions="ignore")
    assert counts(sources.fetch()) == (3, 0, 0, 0, 0, 0)
    assert web.paths() == ["/feed", "/robots.txt", "/2", "/3"]
    assert counts(sources.fetch()) == (0, 0, 3, 0, 0, 0)
    assert web.paths() == ["/feed"]
    web.pages["/feed"] = paged(1, "n", "a", after="/2")
    assert counts(sources.fetch()) == (1, 0, 3, 0, 0, 0)
    assert web.paths() == ["/feed", "/2"]
    web.pages["/feed"] = paged(1, "m", "n", after="/feed")  # in a circle
    assert counts(sources.fetch()) == (1, 0, 4, 0, 0, 0)
    assert web.paths() == ["/feed"]


def test_what_a_feed_has_on_later_pages_is_not_lost_when_a_run_ends_before_it(sources, monkeypatch):
    """A page that can't be read now, a limit, a death after the first page: the next run goes on there."""
    web = sources.web
    web.pages |= {
        "/feed": paged(1, "a", after="/2"),
        "/2": Reply(503),
        "/3": paged(3, "c", after="/4"),
        "/4": paged(1, "d"),
    }
    sources.add(key="news", type="feed", url=f"{web.url}/feed", deletions="ignore")
    report = sources.fetch()
    assert (report.new, "503" in report.trouble) == (1, True)
    web.pages["/2"] = paged(2, "b", after="/3")
    monkeypatch.setattr(feeds, "MOST_PAGES", 2)
    assert counts(sources.fetch()) == (1, 0, 1, 0, 0, 0)
    record = listing.record

    def dies(*given: object) -> None:
        record(*given)
        raise SystemExit

    monkeypatch.setattr(listing, "record", dies)
    web.pages["/feed"] = paged(1, "n", "a", after="/2")
    web.paths()
    with pytest.raises(SystemExit):
        sources.fetch()
    Source.objects.update(token=None, lease_until=None)
    monkeypatch.setattr(listing, "record", record)
    monkeypatch.setattr(feeds, "MOST_PAGES", 20)
    assert counts(sources.fetch()) == (3, 0, 2, 0, 0, 0)
    assert web.paths() == ["/feed", "/feed", "/2", "/3", "/4"]
    assert counts(sources.fetch()) == (0, 0, 5, 0, 0, 0)
    assert web.paths() == ["/feed"]


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("{inside}/2", "inside the own network"),
        ("{web}/private/2", "robots.txt"),
        ("{web}/large", "more than 200,000 bytes"),
        ("{web}/page", "is no feed"),
        ("{web}/gone", "404"),
    ],
)
def test_a_next_page_is_checked_like_every_address_that_a_feed_names(sources, where, why):
    """The feed itself is taken all the same, and the report says what could not be read."""
    web = sources.web
    after = where.format(web=web.url, inside=web.url.replace("127.0.0.1", "localhost"))
    web.pages |= {"/feed": paged(1, "a", after=after), "/private/2": paged(3, "b"), "/page": html("No feed")}
    web.pages |= {"/robots.txt": "User-agent: *\nDisallow: /private\n", "/large": b" " * 300_000, "/2": paged(3, "b")}
    sources.add(key="news", type="feed", url=f"{web.url}/feed", deletions="ignore", megabytes=0.2)
    report = sources.fetch()
    assert counts(report) == (1, 0, 0, 0, 0, 0)
    assert why in report.notes[0]
    assert counts(sources.fetch()) == (0, 0, 1, 0, 0, 0)


def test_an_entry_that_is_only_a_teaser_leads_to_its_page(sources):
    """The page's text is taken without its frame; when the page changes, so does the article."""
    web = sources.web
    teaser = "<item><title>Flood</title><guid>a</guid><link>{web}/flood/</link><description>Two…</description></item>"
    web.pages |= {"/feed": rss(teaser), "/flood/": html("Flood", head='<meta name="author" content="Noor Imani">')}
    sources.add(key="news", type="feed", url=f"{web.url}/feed")
    assert counts(sources.fetch()) == (1, 0, 0, 0, 0, 0)
    revision = Revision.objects.get()
    assert "About us" not in revision.text.original
    assert WORDS in revision.text.original
    assert revision.metadata["title"] == "Flood"
    assert web.paths() == ["/feed", "/robots.txt", "/flood/"]

    assert counts(sources.fetch()) == (0, 0, 1, 0, 0, 0)
    assert web.paths() == ["/feed", "/flood/"]
    web.pages["/flood/"] = html("Flood", text=WORDS.replace("two", "three"))
    assert counts(sources.fetch()) == (0, 1, 0, 0, 0, 0)
    assert Article.objects.get().revisions.count() == 2


def test_gone_from_the_feed_is_not_gone_but_a_page_that_answers_404_twice_is(sources):
    """Once may be a mistake; 410 is none."""
    web = sources.web
    web.pages |= {"/feed": rss(entry(1), entry(2), entry(3)), "/news/1": "there", "/news/2": Reply(404)}
    web.pages["/news/3"] = Reply(410)
    sources.add(key="news", type="feed", url=f"{web.url}/feed", deletions="withdraw")
    sources.fetch()
    web.pages["/feed"] = rss(entry(4))
    assert counts(sources.fetch()) == (1, 0, 2, 0, 1, 0)  # the 410
    assert set(Article.objects.filter(withdrawn=True).values_list("key", flat=True)) == {"news-3"}
    assert counts(sources.fetch()) == (0, 0, 2, 0, 1, 0)  # the second 404
    assert set(Article.objects.filter(withdrawn=True).values_list("key", flat=True)) == {"news-2", "news-3"}
    assert "gone from its source" in Event.objects.filter(article__key="news-2").latest("id").message
    # It comes back: it stays withdrawn, and the report says how to undo that.
    web.pages["/feed"] = rss(entry(2), entry(4))
    report = sources.fetch()
    assert "--undo" in report.notes[0]
    assert SourceItem.objects.get(identity="news-2").status == "taken"


def test_notice_only_tells_and_many_missing_at_once_are_a_fault(sources):
    """A server that has lost everything takes nothing back."""
    web = sources.web
    web.pages["/feed"] = rss(*(entry(number) for number in range(6)))
    sources.add(key="news", type="feed", url=f"{web.url}/feed")
    sources.fetch()
    web.pages["/feed"] = rss(entry(9))
    sources.fetch()
    report = sources.fetch()
    assert (report.gone, "looks like a fault" in report.notes[0]) == (0, True)
    sources.fetch(accept_gone=True)
    assert sources.fetch(accept_gone=True).gone == 6
    assert not Article.objects.filter(withdrawn=True).exists()
    assert Event.objects.filter(message__startswith="gone from its source").count() == 6


def test_the_same_article_from_elsewhere_is_a_duplicate(sources):
    """By its address, by its words; each tells whose it is, and nothing of it is translated."""
    web = sources.web
    sources.desk.submit(f"<p>{WORDS}</p>", key="", title="By hand", canonical_url=f"{web.url}/news/1")
    same = f"<p>{WORDS}</p>"
    web.pages |= {"/a": rss(entry(1), entry(2), entry(3, f"<div>{same}</div>")), "/b": rss(entry(2))}
    web.pages["/b"] = rss(entry(2).replace("news-2", "other-2"), entry(4, same).replace("Report 4", "Report 3"))
    sources.add(key="news", type="feed", url=f"{web.url}/a")
    sources.add(key="more", type="feed", url=f"{web.url}/b")
    assert counts(sources.fetch("news")) == (2, 0, 0, 1, 0, 0)
    assert counts(sources.fetch("more")) == (0, 0, 0, 2, 0, 0)
    assert Article.objects.count() == 3
    reasons = SourceItem.objects.filter(status="duplicate").order_by("id").values_list("reason", flat=True)
    for what, why in zip(("stands at", "stands at", "same words"), reasons, strict=True):
        assert what in why


def test_a_folder_takes_what_has_settled_and_knows_what_was_moved(sources):
    """No half-written file, no second article for a renamed one; a removed one is missed."""
    folder = sources.desk.home / "inbox"
    (folder / "sub").mkdir(parents=True)
    sources.add(key="drop", type="folder", path="inbox", language="en", settle_seconds=60)
    for number in range(3):
        text = f"---\ntitle: Report {number}\n---\n\nReport {number}. {WORDS}\n"
        (folder / f"{number}.md").write_text(text, encoding="utf-8")
    (folder / "half.html").write_text("<p>", encoding="utf-8")
    (folder / ".hidden.md").write_text("# Hidden\n\nText", encoding="utf-8")
    (folder / "link.md").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.md")
    report = sources.fetch("drop", after=timedelta(seconds=1))
    assert (report.new, report.waiting) == (0, 4)
    report = sources.fetch("drop")
    assert (report.new, [each.identity for each in report.failed]) == (3, ["half.html"])
    assert counts(sources.fetch("drop", after=timedelta(minutes=5))) == (0, 0, 3, 0, 0, 0)

    (folder / "0.md").rename(folder / "sub" / "zero.md")
    (folder / "1.md").write_text(f"---\ntitle: Report 1\n---\n\nIt fell. {WORDS}\n", encoding="utf-8")
    (folder / "half.html").write_text(f"<h1>Whole</h1><p>Now it is. {WORDS}</p>", encoding="utf-8")
    (folder / "2.md").unlink()
    assert counts(sources.fetch("drop")) == (1, 1, 2, 0, 0, 0)
    assert counts(sources.fetch("drop")) == (0, 0, 3, 0, 1, 0)
    assert set(Article.objects.values_list("key", flat=True)) == {"0.md", "1.md", "2.md", "half.html"}
    assert SourceItem.objects.get(identity="sub/zero.md").article.key == "0.md"
    assert "was removed" in Event.objects.filter(article__key="2.md").latest("id").message


def test_one_file_that_nobody_may_read_keeps_no_other_from_being_taken(sources, monkeypatch):
    """Even if it may be one that was moved: it has the size of one that is away."""
    folder = sources.desk.home / "inbox"
    folder.mkdir()
    sources.add(key="drop", type="folder", path="inbox", language="en", settle_seconds=0)
    (folder / "old.md").write_text(f"# A report\n\n{WORDS}\n", encoding="utf-8")
    assert sources.fetch("drop").new == 1
    (folder / "old.md").rename(folder / "locked.md")
    (folder / "new.md").write_text(f"# Another report\n\n{WORDS[::-1]}\n", encoding="utf-8")
    real = os.open

    def refusing(path: Path, *arguments: int) -> int:
        if Path(path).name == "locked.md":
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(folders.os, "open", refusing)  # chmod does not stop root
        report = sources.fetch("drop")
    assert (report.new, report.trouble) == (1, "")
    assert [each.identity for each in report.failed] == ["locked.md"]
    assert sources.fetch("drop", again=True).failed == ()


def test_a_folder_that_is_away_takes_nothing_back(sources):
    """A disk that is not mounted is no deletion, nor is one that is empty."""
    folder = sources.desk.home / "inbox"
    folder.mkdir()
    sources.add(key="drop", type="folder", path="inbox", language="en", settle_seconds=0, deletions="withdraw")
    for number in range(6):
        (folder / f"{number}.md").write_text(f"# Report {number}\n\n{WORDS}\n", encoding="utf-8")
    assert sources.fetch("drop").new == 6
    folder.rename(sources.desk.home / "elsewhere")
    report = sources.fetch("drop")
    assert "can't be read" in report.trouble
    assert report.next_at > sources.now
    folder.mkdir()
    sources.fetch("drop")
    report = sources.fetch("drop")
    assert (report.gone, "looks like a fault" in report.notes[0]) == (0, True)
    assert not Article.objects.filter(withdrawn=True).exists()
    assert sources.fetch("drop", accept_gone=True).gone + sources.fetch("drop", accept_gone=True).gone == 6


def sitemap(*places: tuple[str, str]) -> str:
    """A sitemap."""
    urls = "".join(f"<url><loc>{{web}}{path}</loc><lastmod>{day}</lastmod></url>" for path, day in places)
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'


def test_a_site_is_read_by_its_sitemaps_and_only_what_changed_is_asked_for(sources):
    """An index, one packed sitemap; the front page, pictures and other hosts are left out."""
    web = sources.web
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<sitemap><loc>{web}/news.xml.gz</loc></sitemap><sitemap><loc>{web}/lost.xml</loc></sitemap></sitemapindex>"
    )
    first = sitemap(("/", "2026-11-01"), ("/a", "2026-11-01"), ("/b", "2026-11-02"), ("/c.jpg", "2026-11-02"))
    foreign = "<url><loc>https://elsewhere.example/x</loc></url></urlset>"
    robots = "User-agent: *\nDisallow: /private\nSitemap: {web}/index.xml\n"
    web.pages |= {"/robots.txt": robots, "/index.xml": index, "/a": html("Flood A"), "/b": html("Flood B")}

    def publish(text: str) -> None:
        web.pages["/news.xml.gz"] = gzip.compress(text.replace("{web}", web.url).encode(), mtime=0)

    publish(first.replace("</urlset>", foreign))
    sources.add(key="site", type="site", url=f"{web.url}/", language="en")
    report = sources.fetch("site")
    assert (report.new, "no sitemap at" in report.notes[0]) == (2, True)
    assert web.paths() == ["/robots.txt", "/index.xml", "/news.xml.gz", "/lost.xml", "/b", "/a"]
    assert Article.objects.get(canonical_url=f"{web.url}/a").title == "Flood A"

    web.pages["/a"] = html("Flood A", text=WORDS.replace("two", "three"))
    publish(sitemap(("/a", "2026-11-03"), ("/b", "2026-11-02"), ("/private/x", "2026-11-02")))
    report = sources.fetch("site", after=timedelta(minutes=10))
    assert (report.new, report.updated, report.unchanged) == (0, 1, 1)
    assert "robots.txt" in report.failed[0].reason
    assert web.paths() == ["/index.xml", "/news.xml.gz", "/lost.xml", "/a"]


def test_what_goes_out_does_not_come_in_again(sources):
    """A site that we publish to is watched: our own pages are left out."""
    web = sources.web
    path: Path = sources.settings.NETWORK_FILE
    path.write_text(re.sub(r'base_url = ".*"', f'base_url = "{web.url}"', path.read_text(encoding="utf-8")))
    web.pages |= {"/sitemap.xml": sitemap(("/a", "2026-11-01"), ("/pt-pt/2026/a/", "2026-11-01")), "/a": html("A")}
    sources.add(key="site", type="site", url=web.url)
    assert counts(sources.fetch("site")) == (1, 0, 0, 0, 0, 0)
    assert "/pt-pt/2026/a/" not in web.paths()


def test_an_item_that_failed_is_tried_again_later_and_says_why(sources):
    """Even when the feed has forgotten it by then."""
    web = sources.web
    teaser = "<item><title>Flood</title><guid>a</guid><link>{web}/flood</link></item>"
    web.pages |= {"/feed": rss(teaser, entry(1, "<p></p>")), "/flood": Reply(503)}
    sources.add(key="news", type="feed", url=f"{web.url}/feed", content="auto")
    report = sources.fetch()
    assert {each.identity for each in report.failed} == {"a", "news-1"}
    assert all(each.reason and each.next_at > sources.now for each in report.failed)
    web.pages |= {"/feed": rss(), "/flood": html("Flood")}
    assert counts(sources.fetch(after=timedelta(minutes=1))) == (0, 0, 0, 0, 0, 0)  # not yet
    assert counts(sources.fetch(after=timedelta(minutes=10))) == (1, 0, 0, 0, 0, 0)
    assert sources.fetch(after=timedelta(seconds=1), again=True).failed[0].identity == "news-1"
    assert SourceItem.objects.get(identity="news-1").attempts == 2


def test_what_was_erased_leaves_a_digest_and_is_passed_over_although_its_feed_goes_on_naming_it(sources):
    """Also a copy that stood elsewhere; of what the feeds say of it, now and later, nothing stands in any column."""
    web = sources.web
    web.pages |= {"/feed": rss(entry(1)), "/copy": rss(entry(1).replace("news", "copy"))}
    sources.add(key="news", type="feed", url=f"{web.url}/feed")
    sources.add(key="copy", type="feed", url=f"{web.url}/copy")
    sources.fetch()
    assert counts(sources.fetch("copy")) == (0, 0, 0, 1, 0, 0)
    erase.erase_article(Article.objects.get(), by="oda", net=installation.network(), without_outputs=True)
    web.pages |= {"/feed": rss(entry(1), entry(2)), "/copy": rss(entry(1).replace("news", "copy"), entry(3))}
    web.paths()
    assert [counts(sources.fetch(key)) for key in ("news", "copy")] == [(1, 0, 0, 0, 0, 0)] * 2
    assert web.paths() == ["/feed", "/copy"]
    web.pages["/feed"] = rss(entry(1, "<p>News-1 in other words.</p>"), entry(2))
    assert counts(sources.fetch()) == (0, 0, 1, 0, 0, 0)
    stones = SourceItem.objects.filter(article=None)
    assert [stone.status for stone in stones] == ["gone", "gone"]
    for stone in stones.values():
        shown = {name for name, value in stone.items() if value not in ("", None) and not name.endswith(("id", "_at"))}
        assert shown == {"identity", "key", "status", "reason", "attempts"}
        assert re.fullmatch(r"erased [0-9a-f]{64}", stone["identity"])
        assert stone["key"] == stone["identity"]


def test_what_was_erased_before_its_feed_names_it_leaves_a_digest_too(sources):
    """It was handed in by a person; the feed has it under the same address."""
    web = sources.web
    sources.desk.submit(f"<p>{WORDS}</p>", key="mine", canonical_url=f"{web.url}/news/1")
    erase.erase_article(Article.objects.get(), by="oda", net=installation.network(), without_outputs=True)
    web.pages["/feed"] = rss(entry(1))
    sources.add(key="news", type="feed", url=f"{web.url}/feed")
    report = sources.fetch()
    assert [(each.identity[:7], each.reason) for each in report.failed] == [("erased ", tombs.WHY)]
    (stone,) = SourceItem.objects.all()
    assert (stone.entry, stone.url, stone.status, "news" in stone.key) == (None, "", "gone", False)
    assert counts(sources.fetch()) == (0, 0, 0, 0, 0, 0)


def test_a_source_that_fails_is_left_alone_for_a_while(sources):
    """Longer each time, and as long as it asks for."""
    web = sources.web
    web.pages["/feed"] = Reply(500)
    sources.add(key="news", type="feed", url=f"{web.url}/feed")
    report = sources.fetch()
    assert report.next_at == sources.now + row.FIRST_PAUSE
    web.paths()
    again = sources.fetch(after=timedelta(minutes=1))
    assert (again.trouble, web.paths()) == (report.trouble, [])
    web.pages["/feed"] = Reply(429, headers={"Retry-After": "7200"})
    assert sources.fetch().next_at == sources.now + timedelta(hours=2)
    web.pages["/feed"] = rss(entry(1))
    Host.objects.update(next_at=None)
    assert sources.fetch(after=timedelta(hours=3)).new == 1
    assert Source.objects.get().failures == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "is empty"),
        ("<html><body>Not found</body></html>", "no feed, but a web page"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss>&b;</rss>', "declares entities"),
        ("<rss>" + "<item>" * 300, "300|256|nests"),
        (b"\x00\xff\x13garbage" * 1000, "no feed"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": ' + "[" * 5000, "no JSON"),
        (Reply(200, b"<rss>", {"Content-Length": "90000"}), "reached"),
        (Reply(301, headers={"Location": "file:///etc/passwd"}), "redirects to no web address"),
        (Reply(302, headers={"Location": "/feed"}), "redirects more than"),
        (Reply(404), "answers with 404"),
    ],
)
def test_a_source_that_serves_garbage_says_so_in_one_sentence(sources, body, message):
    """Nothing comes in, and nothing breaks."""
    sources.web.pages["/feed"] = body
    sources.add(key="news", type="feed", url=f"{sources.web.url}/feed")
    report = sources.fetch()
    assert re.search(message, report.trouble), report.trouble
    assert Article.objects.count() == 0
    assert Source.objects.get().token is None


def test_private_addresses_are_refused_unless_the_network_file_allows_them(sources):
    """Also where a page leads there: what the operator allowed is the one host that he named."""
    web = sources.web
    sources.add(key="news", type="feed", url=f"{web.url}/feed", allow_private=False)
    assert "inside the own network" in sources.fetch().trouble
    assert web.asked == []
    other = web.url.replace("127.0.0.1", "localhost")
    places = {"linked": f"{other}/inside", "moved": f"{web.url}/moved"}
    items = "".join(f"<item><title>{name}</title><link>{url}</link></item>" for name, url in places.items())
    web.pages |= {"/feed": rss(items), "/inside": html("Inside")}
    web.pages["/moved"] = Reply(302, headers={"Location": f"{other}/inside"})
    sources.add(key="allowed", type="feed", url=f"{web.url}/feed")
    report = sources.fetch("allowed")
    assert [("inside the own network" in each.reason) for each in report.failed] == [True, True]
    assert set(web.paths()) == {"/feed", "/robots.txt", "/moved"}
    assert not Article.objects.exists()


def test_a_run_ends_at_its_limit_and_the_next_goes_on(sources):
    """The newest first, and nothing is lost although the feed is not read again."""
    web = sources.web
    days = (f"{day:02} Nov 2025 08:00:00 GMT" for day in range(1, 6))
    web.pages["/feed"] = rss(*(entry(number, pubDate=day) for number, day in enumerate(days)))
    sources.add(key="news", type="feed", url=f"{web.url}/feed", limit=2)
    report = sources.fetch()
    assert (report.new, report.waiting) == (2, 3)
    assert set(Article.objects.values_list("key", flat=True)) == {"news-3", "news-4"}
    assert (sources.fetch().new, sources.fetch().new, sources.fetch().new) == (2, 1, 0)


def test_a_crash_in_the_middle_repeats_nothing(sources, monkeypatch):
    """What was taken stays taken; the rest comes with the next run."""
    sources.web.pages["/feed"] = rss(*(entry(number) for number in range(4)))
    sources.add(key="news", type="feed", url=f"{sources.web.url}/feed")
    submitted = []
    real = taking.submit

    def dying(*args: object, **named: object) -> object:
        if len(submitted) == 2:
            raise KeyboardInterrupt
        submitted.append(real(*args, **named))
        return submitted[-1]

    monkeypatch.setattr(taking, "submit", dying)
    with pytest.raises(KeyboardInterrupt):
        sources.fetch()
    monkeypatch.undo()
    assert sources.fetch().new == 2
    assert (Article.objects.count(), Revision.objects.count()) == (4, 4)


def test_two_at_once_do_no_harm(sources):
    """The second says that the first is at it; a dead one's lease runs out."""
    sources.web.pages["/feed"] = rss(entry(1))
    sources.add(key="news", type="feed", url=f"{sources.web.url}/feed")
    made = Source.objects.create(key="news")
    lease = row.take(made, 30)
    assert "by another process" in sources.fetch().trouble
    Source.objects.update(lease_until=datetime(2020, 1, 1, tzinfo=UTC))
    assert sources.fetch().new == 1
    with pytest.raises(row.Lost):
        lease.renew()


def test_hosts_are_asked_as_slowly_as_they_want(sources, monkeypatch):
    """Crawl-delay counts where it is longer than ours, over all processes."""
    web = sources.web
    pauses: list[float] = []
    monkeypatch.setattr(polite.time, "sleep", pauses.append)
    web.pages |= {"/robots.txt": "User-agent: Sectionwire\nCrawl-delay: 7\n", "/a": html("A"), "/b": html("B")}
    web.pages["/sitemap.xml"] = sitemap(("/a", "2026-11-01"), ("/b", "2026-11-02"))
    sources.add(key="site", type="site", url=web.url, politeness_seconds=2)
    assert sources.fetch("site").new == 2
    assert pauses == pytest.approx([0, 2, 9, 16], abs=1.9)  # added up, as nobody slept
    web.pages["/robots.txt"] = "User-agent: *\nCrawl-delay: 3600\n"
    Host.objects.update(robots_at=None, next_at=None)
    report = sources.fetch("site")
    assert "asks for a pause" in report.trouble


def test_without_a_robots_txt_that_can_be_read_nothing_is(sources):
    """RFC 9309: a server error forbids everything; that there is none allows it."""
    web = sources.web
    web.pages |= {"/robots.txt": Reply(503), "/sitemap.xml": sitemap(("/a", "2026-11-01")), "/a": html("A")}
    sources.add(key="site", type="site", url=web.url)
    assert "Without its robots.txt" in sources.fetch("site").trouble
    assert web.paths() == ["/robots.txt"]
    web.pages["/robots.txt"] = Reply(403)
    assert sources.fetch("site").new == 1


def test_languages_are_as_declared_else_as_read(sources):
    """What nobody can tell is refused with a reason."""
    web = sources.web
    portuguese = "<p>A água do rio subiu dois metros durante a noite, e as equipas levaram famílias à escola.</p>"
    feed = rss(entry(1), entry(2, portuguese * 2), entry(3, "<p>Vatnið</p>")).replace("<language>en-GB</language>", "")
    web.pages["/feed"] = feed
    sources.add(key="news", type="feed", url=f"{web.url}/feed")
    report = sources.fetch()
    assert dict(Article.objects.values_list("key", "language")) == {"news-1": "en", "news-2": "pt"}
    assert "does not say in which language" in report.failed[0].reason


def test_the_commands_tell_what_there_is_what_came_in_and_why_not(sources, capsys):
    """For people, and as JSON for programs."""
    web = sources.web
    web.pages["/feed"] = rss(entry(1), entry(2, "<p></p>"))
    sources.add(key="news", type="feed", url=f"{web.url}/feed")
    call_command("sources", "fetch", "news", "--dry-run", "--json")
    assert json.loads(capsys.readouterr().out)["new"] == 2
    assert SourceItem.objects.count() == 0
    with pytest.raises(SystemExit):
        call_command("sources", "fetch")
    told = capsys.readouterr()
    assert "1 new" in told.out
    assert "no text" in told.err or "empty" in told.err
    call_command("sources", "list")
    assert "news" in capsys.readouterr().out
    call_command("sources", "items", "news", "--json")
    items = json.loads(capsys.readouterr().out)
    assert {each["status"] for each in items} == {"taken", "failed"}
    call_command("sources", "items", "news", "--failed")
    assert "news-2" in capsys.readouterr().out
    with pytest.raises(Permanent, match="no source"):
        call_command("sources", "fetch", "nowhere")


def test_ten_thousand_entries_are_written_down_and_the_next_look_is_short(sources):
    """A few hundred here, for the test's time; benchmarks/intake.py measures the whole."""
    web = sources.web
    stamp = format_datetime(datetime(2026, 11, 1, tzinfo=UTC))
    web.pages["/feed"] = rss(*(entry(number, f"<p>Report {number}.</p>", pubDate=stamp) for number in range(450)))
    sources.add(key="news", type="feed", url=f"{web.url}/feed", limit=1)
    assert sources.fetch().waiting == 449
    assert sources.fetch().new == 1
    assert SourceItem.objects.count() == 450
