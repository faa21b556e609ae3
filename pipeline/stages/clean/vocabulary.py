"""The vocabulary of clean HTML: what may stand in a body, and what stands for what.

========================  ==========================================================================================
blocks                    p, h2 to h6, ul, ol (start, reversed, type), li, dl, dt, dd, blockquote (cite), pre, hr
tables                    table, caption, thead, tbody, tfoot, tr, th and td (colspan, rowspan; th: scope)
figures                   figure, figcaption, img (src, alt, title, width, height, loading)
embedded                  iframe (src, title, width, height, loading, allowfullscreen) of allowed https hosts;
                          video, audio (controls, src, poster, width, height), source, track
inline                    a (href, title, hreflang, rel), em, strong, u, s, del, ins, sub, sup, small, mark,
                          abbr (title), time (datetime), bdi, bdo, dfn, q (cite), cite, code, kbd, samp, var, br, wbr
only with lang, dir       span, div
or translate
only of a footnote class  section, aside
on every element          id, lang, dir, translate
========================  ==========================================================================================

Blocks never stand in inline elements; p, headings, dt, caption and figcaption hold only inline content; li, dd, td and
th hold inline content, blocks, or both; everything else holds blocks.
"""

from __future__ import annotations

from pipeline.stages.intake.tree import BREAKING, names

INLINE = names(
    "a em strong u s del ins sub sup small mark abbr time bdi bdo dfn q cite code kbd samp var span br wbr img"
)
ATOMS = names("br wbr img")
HEADINGS = names("h2 h3 h4 h5 h6")
BLOCKS = HEADINGS | names(
    "p ul ol li dl dt dd blockquote pre hr table caption thead tbody tfoot tr th td figure figcaption iframe video "
    "audio div section aside"
)
MEDIA = names("iframe video audio")

INSTEAD = {
    "b": "strong",
    "i": "em",
    "strike": "s",
    "tt": "code",
    "acronym": "abbr",
    "h1": "h2",
    "dir": "ul",
    "menu": "ul",
    "xmp": "pre",
    "listing": "pre",
    "plaintext": "pre",
    "summary": "p",
    "address": "p",
    "image": "img",
}
"""Elements that have a better name."""

BORDERS = (BREAKING | names("marquee frameset noframes")) - {"br"}
"""Elements that end a paragraph; those outside the vocabulary are taken off around their content."""

REMOVED = names(
    "head title meta link base script style template noscript svg math canvas object embed applet param frame frameset "
    "noframes noembed map area input select option optgroup textarea button datalist bgsound keygen xml"
)
"""Elements that go with all that is in them."""

GLOBAL = ("id", "lang", "dir", "translate")
ATTRIBUTES = {
    "a": ("href", "hreflang", "rel", "title"),
    "abbr": ("title",),
    "audio": ("controls", "src"),
    "blockquote": ("cite",),
    "del": ("cite", "datetime"),
    "iframe": ("allowfullscreen", "height", "loading", "src", "title", "width"),
    "img": ("alt", "height", "loading", "src", "title", "width"),
    "ins": ("cite", "datetime"),
    "ol": ("reversed", "start", "type"),
    "q": ("cite",),
    "source": ("src", "type"),
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan", "scope"),
    "time": ("datetime",),
    "track": ("kind", "label", "src", "srclang"),
    "video": ("controls", "height", "poster", "src", "width"),
}
CLASSED = {
    "a": names("footnote-ref footnote-backref"),
    "aside": names("footnote footnotes"),
    "hr": names("footnotes-sep"),
    "li": names("footnote-item"),
    "ol": names("footnotes-list"),
    "section": names("footnotes"),
    "sup": names("footnote-ref"),
}
"""The classes that stay, by element."""

SCHEMES = names("http https mailto tel")
