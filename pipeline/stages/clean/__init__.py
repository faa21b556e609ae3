"""Clean: whatever markup an article came in → a fragment in the documented vocabulary, safe and in its normal form.

BeautifulSoup parses; ``sift`` keeps of each element what the vocabulary has (``vocabulary``: read it for what may come
out); ``shape`` puts blocks, inline content, lists and tables in order; ``references`` sees to ids and links; ``gate``
lets through only what ``nh3`` allows. Plugin tags of other systems stay as text. Cleaning what is clean changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.documents import CleanDocument, Metadata, Original
from pipeline.errors import Permanent
from pipeline.stages.clean import fields, gate, references, word
from pipeline.stages.clean.nodes import has_visible
from pipeline.stages.clean.notes import Notes
from pipeline.stages.clean.shape import Shaper
from pipeline.stages.clean.sift import Sieve, linked_ids, sift
from pipeline.stages.intake.text import characters
from pipeline.stages.intake.tree import MAX_DEPTH, Element, Node, TooDeepError, body_of, names, parse, walk

_PASSES = 6
"""Cleaning is repeated until it changes nothing: a link may lose its aim when an empty paragraph goes. Two passes are
usual, of which the second finds nothing to do."""

_SPACED = names("ul ol dl table thead tbody tfoot tr blockquote section aside div figure")
"""Elements that hold only blocks, and have each on a line of its own."""

_PARAGRAPHS = names("p h1 h2 h3 h4 h5 h6 li td th div")


@dataclass(frozen=True, slots=True)
class Options:
    """``embed_hosts``: the very hosts whose pages may be embedded (``www.youtube-nocookie.com``)."""

    embed_hosts: tuple[str, ...] = ()


def clean(original: Original, options: Options) -> CleanDocument:
    """Clean an article's body and fields; ``notes`` of the result says in short sentences what that took.

    Raises:
        Permanent: nothing visible is left, or elements are nested too deeply.
    """
    notes = Notes()
    metadata = fields.cleaned(original.metadata, notes)
    body = characters(original.html)
    try:
        for _ in range(_PASSES):
            before = body
            nodes = _pass(body, metadata, options, notes)
            body = gate.passed(_in_lines(nodes))
            if body == before:
                break
    except (TooDeepError, RecursionError):  # what intake let through is never as deep: this is another caller's text
        raise Permanent(
            f"The article nests elements more than {MAX_DEPTH} deep.", "Look for tags that are never closed."
        ) from None
    if not has_visible(nodes):
        raise Permanent(
            "Nothing that a reader would see is left of the article after cleaning.",
            "Submit the article's text itself, not a script or an embedded page that shows it.",
        )
    return CleanDocument(metadata=metadata, body=body, notes=notes.sentences())


def _pass(html: str, metadata: Metadata, options: Options, notes: Notes) -> list[Node]:
    root = parse(html, MAX_DEPTH + 40)  # links and emphasis that go into blocks make what they hold a little deeper
    body = body_of(root)
    if words := sum(element.tag in _PARAGRAPHS and word.is_words(element) for element in walk(body.children)):
        notes.add("word", words)
    word.make_lists(body, notes)
    hosts = tuple(host.lower() for host in options.embed_hosts)
    sifted = sift(body.children, Sieve(metadata.canonical_url, metadata.language, hosts, linked_ids(root), notes))
    return references.settle(Shaper(notes).flow(sifted), notes)


def _in_lines(nodes: list[Node]) -> list[Node]:
    """``nodes`` with each block on a line of its own."""
    lines: list[Node] = []
    for node in nodes:
        lines += ["\n"] if lines else []
        lines.append(node)
        if isinstance(node, Element):
            _space_out(node)
    return lines


def _space_out(element: Element) -> None:
    if element.tag in _SPACED:
        element.children = ["\n", *_in_lines(element.children), "\n"] if element.children else []
    else:
        for child in element.children:
            if isinstance(child, Element):
                _space_out(child)
