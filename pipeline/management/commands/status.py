"""``sectionwire status``: where is my article, per section and language, and why."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from pipeline.management import console


class Command(console.Command):
    help = (
        "Say where each article is for each section and language, why it is there, and what a person can do. With an "
        "article's key, uid or address: its whole story."
    )
    examples = ("status", "status river-gauges", "status --section portugal --limit 50", "status river-gauges --json")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("article", nargs="?", metavar="ARTICLE", help="its key, uid (or its beginning) or address")
        parser.add_argument("--section", metavar="KEY", help="only this section")
        parser.add_argument(
            "--limit", type=int, default=20, metavar="N", help="the newest N articles (default: 20; 0: all)"
        )
        console.add_json(parser, "print one JSON object per article")

    def handle(self, *_: Any, article: str | None, **options: Any) -> None:
        if article is None:
            self._all(**options)
        else:
            self._one(article, **options)

    def _all(self, *, section: str | None, limit: int, as_json: bool, **_: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation, status
        from pipeline.ledger.models import Article
        from pipeline.management import show

        net = installation.network()
        chosen = net.section(section).key if section else None
        newest = Article.objects.order_by("-created_at", "-id")
        articles = list(newest[:limit] if limit > 0 else newest)
        rows = status.matrix(articles, net)
        if chosen:
            rows = [replace(row, cells=tuple(cell for cell in row.cells if cell.section == chosen)) for row in rows]
        if as_json:
            for row in rows:
                self.emit(_record(row))
            return
        if not rows:
            self.say("There is no article yet. Put one in: sectionwire submit FILE")
            return
        columns = [(each, tag) for each, tag in status.columns(net) if chosen in (None, each.key)]
        show.articles(rows, columns, self.out)
        if (more := newest.count() - len(rows)) > 0:
            self.hint(f"{console.count(more, 'older article')} not shown: --limit 0 shows all.")

    def _one(self, name: str, *, section: str | None, as_json: bool, **_: Any) -> None:
        from pipeline.flow import installation  # as above
        from pipeline.management import editions, story

        net = installation.network()
        chosen = net.section(section).key if section else None
        article = editions.find_article(name)
        record = story.tell(article, net, chosen)
        if as_json:
            self.emit(story.as_json(record))
            return
        for line in story.lines(record):
            self.out.print(line, soft_wrap=True)  # so that addresses and commands can be copied whole


def _record(row: Any) -> dict[str, Any]:
    cells = [
        {
            "section": cell.section,
            "language": cell.language,
            "place": cell.place.value,
            "why": cell.why,
            "update": cell.update,
            "url": cell.url,
        }
        for cell in row.cells
    ]
    return {
        "article": row.uid,
        "key": row.key,
        "title": row.title,
        "language": row.language,
        "revision": row.revision,
        "sections": cells,
    }
