"""A web server, a folder and a fresh ledger, for the benchmark of intake."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - the applications are loaded now
from django.utils import timezone  # noqa: E402

from config import log  # noqa: E402
from pipeline.documents import Failure, Hop, Route  # noqa: E402
from pipeline.engines.fake import FakeEngine  # noqa: E402
from pipeline.flow import bell, engines, installation, prepare, sources, translate  # noqa: E402
from pipeline.ledger.models import Article, Revision, SourceItem, Translation  # noqa: E402
from pipeline.management.homes import ensure_home  # noqa: E402
from pipeline.stages.intake import feed  # noqa: E402

ENTRIES = 10_000
ARTICLES = 1_000
DUPLICATES = 300
SENTENCES = 5


def ready(home: Path) -> None:
    """Make the ledger."""
    log.configure()
    ensure_home(home)
    call_command("migrate", verbosity=0, interactive=False)


def text(number: int) -> str:
    """An article's text, in sentences that no other article has."""
    lines = (
        f"In village {number} the boats of group {number}x{line} came back with {line + 2} crates."
        for line in range(SENTENCES)
    )
    return "".join(f"<p>{line}</p>" for line in lines)


def item(number: int, link: int, body: str, titled: int) -> str:
    """One entry of a feed."""
    return (
        f"<item><title>Report {titled}</title><guid isPermaLink='false'>entry-{number}</guid>"
        f"<link>http://127.0.0.1/reports/{link}</link><pubDate>Sun, 01 Nov 2026 08:00:00 GMT</pubDate>"
        f"<category>reports</category><content:encoded><![CDATA[{body}]]></content:encoded></item>"
    )


def rss(items: Sequence[str], note: str = "") -> bytes:
    """A feed."""
    head = '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
    return f"{head}<title>Reports{note}</title><language>en</language>{''.join(items)}</channel></rss>".encode()


class Engine:
    """The fake engine in this process, with what it was asked for."""

    def __init__(self, home: Path) -> None:
        self.engine = FakeEngine(home)
        self.asked: list[str] = []

    def hops(self) -> list[Hop]:
        """Every pair that the fake engine has."""
        return [model.hop for model in self.engine.installed()]

    def translate(self, route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        """One batch with everything."""
        self.asked += sentences
        (hop,) = route.hops
        yield dict(zip(sentences, self.engine.translate(sentences, hop.source, hop.target), strict=True))


class Intake:
    """The measured steps, in their order."""

    entries = ENTRIES

    def __init__(self, home: Path) -> None:
        self.home = home
        self.now = timezone.now() + timedelta(days=1)  # all files have settled
        self.pages: dict[str, bytes] = {}
        self.url = _serve(self.pages)
        self.before = 0
        self.items = [item(number, number, text(number), number) for number in range(ENTRIES)]
        self.pages["/feed"] = rss(self.items)

    def parse(self) -> float:
        """Seconds that reading the feed takes alone."""
        return _timed(lambda: feed.read("The feed", self.pages["/feed"], self.url))

    def unchanged_feed(self) -> float:
        """Seconds of a look when the server says that it has nothing new."""
        self._add("news", f'type = "feed"\nurl = "{self.url}/feed"\nallow_private = true\npoliteness_seconds = 0')
        self._settle("news")
        return self._look("news")

    def compared_feed(self) -> float:
        """Seconds of a look when every entry has to be compared."""
        self.pages["/feed"] = rss(self.items, note=" and more")
        return self._look("news")

    def unchanged_folder(self) -> float:
        """Seconds of a look at a folder."""
        for number in range(ENTRIES):
            folder = self.home / "inbox" / f"{number // 500:02}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}.html").write_text(f"<h1>Report {number}</h1>{text(number)}", encoding="utf-8")
        self._add("drop", 'type = "folder"\npath = "inbox"\nlanguage = "en"')
        self._settle("drop")
        return self._look("drop")

    def work(self) -> int:
        """How many rows the looks have made for an engine, or for what comes before it."""
        return self._rows() - self.before

    def _rows(self) -> int:
        return Revision.objects.count() + Translation.objects.count()

    def duplicates(self) -> tuple[int, int, int, int]:
        """Articles, duplicates, sentences that the engine was asked for, and those in what is no duplicate."""
        fresh = ARTICLES - DUPLICATES
        first = 1_000_000  # other numbers than those of the feed above
        items = [item(first + n, first + n, text(first + n), first + n) for n in range(fresh)]
        half = DUPLICATES // 2
        items += [item(first + fresh + n, first + n, text(n) + "<p>Differently.</p>", n) for n in range(half)]
        items += [item(first + fresh + half + n, 2 * first + n, text(first + n), first + n) for n in range(half)]
        self.pages["/new"] = rss(items)
        self._add("new", f'type = "feed"\nurl = "{self.url}/new"\nallow_private = true\nlimit = {ARTICLES}')
        engine = Engine(self.home)
        with bell.muffled():
            _work(engine)
            engine.asked.clear()  # what the looks had taken
            report = sources.fetch(installation.network(), "new", self.now)
            _work(engine)
        distinct = fresh * (SENTENCES + 1)  # and a title
        articles = Article.objects.filter(source="new").count()
        return articles, report.duplicates, len(engine.asked), distinct

    def _add(self, key: str, table: str) -> None:
        path = self.home / "network.toml"
        path.write_text(f'{path.read_text(encoding="utf-8")}\n[[sources]]\nkey = "{key}"\n{table}\n', encoding="utf-8")

    def _settle(self, key: str) -> None:
        """Let everything be known: written down by a first look, which takes one, and the others marked as taken."""
        net = installation.network()
        held = net.model_copy(update={"sources": tuple(s.model_copy(update={"limit": 1}) for s in net.sources)})
        sources.fetch(held, key, self.now)
        SourceItem.objects.filter(source__key=key).update(status=SourceItem.State.TAKEN, entry=None, reason="")
        self.before = self._rows()

    def _look(self, key: str) -> float:
        self.now += timedelta(minutes=5)
        reports: list[sources.SourceReport] = []
        seconds = _timed(lambda: reports.append(sources.fetch(installation.network(), key, self.now)))
        (report,) = reports
        if (report.new, report.unchanged, report.trouble) != (0, ENTRIES, ""):
            raise SystemExit(f"{key}: {report}")
        return seconds


def _work(engine: Engine) -> None:
    while prepare.run()[1]:
        pass
    engines.beat("benchmark", engine.hops(), [], first=True)  # wakes what found no engine
    while translate.run("pt", engine)[1]:
        pass


def _timed(action: Any) -> float:
    started = time.process_time()  # not what others do on this machine; the server here counts as well
    action()
    return time.process_time() - started


def _serve(pages: Mapping[str, bytes]) -> str:
    """Serve pages, with ETags, for as long as the process lives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            etag = f'"{hash(body)}"'
            known = self.headers.get("If-None-Match") == etag
            self.send_response(404 if body is None else 304 if known else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(0 if known or body is None else len(body)))
            self.end_headers()
            if body is not None and not known:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
