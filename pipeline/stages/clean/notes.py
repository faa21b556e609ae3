"""What cleaning did, counted, and said in short sentences."""

from __future__ import annotations

from collections import Counter

_SENTENCES = {
    "word": ("Removed Word's formatting from one paragraph.", "Removed Word's formatting from {} paragraphs."),
    "word_list": ("Made a list of Word's bullets.", "Made {} lists of Word's bullets."),
    "script": ("Removed a script or other active content.", "Removed {} scripts or other active elements."),
    "style": ("Removed a style sheet.", "Removed {} style sheets."),
    "form": ("Removed a form control.", "Removed {} form controls."),
    "drawing": ("Removed a drawing or formula (svg, math).", "Removed {} drawings or formulas (svg, math)."),
    "hidden": ("Removed a part that no reader would have seen.", "Removed {} parts that no reader would have seen."),
    "object": ("Removed an embedded object.", "Removed {} embedded objects."),
    "frame": (
        "Replaced an embedded page by a link, as its host is not allowed.",
        "Replaced {} embedded pages by links, as their hosts are not allowed.",
    ),
    "frame_lost": ("Removed an embedded page without an address.", "Removed {} embedded pages without an address."),
    "media": ("Replaced a video or sound by a link.", "Replaced {} videos or sounds by links."),
    "media_lost": ("Removed a video or sound without an address.", "Removed {} videos or sounds without an address."),
    "heading": ("Made a first-level heading a second-level one.", "Made {} first-level headings second-level ones."),
    "link_unsafe": ("Removed a link that no reader may follow.", "Removed {} links that no reader may follow."),
    "link_mended": ("Mended the address of a link or picture.", "Mended the addresses of {} links or pictures."),
    "link_lost": (
        "Removed a link to a place that is not in the article.",
        "Removed {} links to places that are not in the article.",
    ),
    "image_data": (
        "Removed a picture that was embedded in the text: upload it, and link to it.",
        "Removed {} pictures that were embedded in the text: upload them, and link to them.",
    ),
    "image_lost": ("Removed a picture without an address.", "Removed {} pictures without a usable address."),
    "pixel": ("Removed a tracking pixel.", "Removed {} tracking pixels."),
    "figure": ("Gave a picture its own figure.", "Gave {} pictures their own figures."),
    "alt": (
        "Removed a picture's alternative text that ran into the prose.",
        "Removed the alternative text of {} pictures that ran into the prose.",
    ),
    "caption": (
        "Made a paragraph that repeats a picture's alternative text its caption.",
        "Made {} paragraphs that repeat a picture's alternative text captions.",
    ),
    "empty": ("Removed an empty paragraph.", "Removed {} empty paragraphs."),
    "layout": ("Took a table apart that held only one cell.", "Took {} tables apart that held only one cell each."),
    "plugin": ("Joined a plugin tag that was torn apart.", "Joined {} plugin tags that were torn apart."),
    "id": ("Removed an id that stood twice.", "Removed {} ids that stood twice."),
    "metadata_url": ("Left out an address in the fields that is none.", "Left out {} addresses in the fields."),
}


class Notes:
    """Counts of what was done, by kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, count: int = 1) -> None:
        """Note that something of this kind was done."""
        assert kind in _SENTENCES, kind
        self._counts[kind] += count

    def sentences(self) -> tuple[str, ...]:
        """One sentence for each kind, in a fixed order."""
        return tuple(
            one if self._counts[kind] == 1 else many.format(self._counts[kind])
            for kind, (one, many) in _SENTENCES.items()
            if self._counts[kind]
        )
