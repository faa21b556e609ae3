"""Print what a person needs to judge where the spans of a page belong: ``python -m tests.quality.judge 07 [--toml]``.

Where our projection put them is not shown, so that nobody copies it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.quality import corpus, spans


def main(arguments: list[str]) -> None:
    """Print the pages whose names begin with the arguments."""
    skeleton = "--toml" in arguments
    wanted = tuple(each for each in arguments if not each.startswith("-"))
    paths = [path for path in corpus.files("pages/*.en.html") if path.name.startswith(wanted)] if wanted else []
    if not paths:
        raise SystemExit("Name a page by the beginning of its file name: python -m tests.quality.judge 07")
    with tempfile.TemporaryDirectory() as models, corpus.Engine(Path(models)) as engine:
        for page in engine.pages(paths):
            print(f"# {page.name}")
            for pair in page.pairs:
                print("\n".join(shown(pair, skeleton=skeleton)), end="")


def shown(pair: corpus.Pair, *, skeleton: bool) -> Iterator[str]:
    """The lines for one segment; none when it has no span to judge."""
    text, found = spans.read(pair.segment.source) if pair.segment.markup else ("", [])
    judgeable = [each for each in found if spans.is_judgeable(each, text)]
    if not judgeable:
        return
    target, _ = spans.read(pair.target)
    if not skeleton:
        yield f"\n{pair.segment.key}{'  KEPT: ' + pair.problem if pair.problem else ''}\n  {text}\n  {target}"
        yield from (f"    <{e.tag}> {text[e.start : e.end]}" for e in judgeable)
        yield ""
        return
    seen: Counter[str] = Counter()
    names = Counter(text[e.start : e.end].strip() for e in judgeable)
    yield f"\n[[segment]]\nsource = {_quoted(text)}\ntarget = {_quoted(target)}\nspans = ["
    for each in judgeable:
        words = text[each.start : each.end].strip()
        seen[words] += 1
        nth = f", nth = {seen[words]}" if names[words] > 1 else ""
        yield f"  {{ span = {_quoted(words)}{nth}, right = [] }}, # {each.tag}"
    yield "]\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # TOML's basic strings are written like JSON's


if __name__ == "__main__":
    main(sys.argv[1:])
