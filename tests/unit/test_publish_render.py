"""Pages: valid HTML, right in every direction, safe against hostile metadata, the same bytes for the same input."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import html5lib
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import Alternate, FrontPage, Metadata, Page, Provenance, Teaser
from pipeline.errors import Permanent
from pipeline.stages.publish import Renderer, SiteContext, body, locales, plugins, site
from pipeline.stages.publish.head import content_security_policy
from pipeline.stages.publish.wording import Wording

HOSTS = ("www.youtube-nocookie.com", "player.vimeo.com")
NOW = datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
PORTUGAL = SiteContext("Tidewater Relief Portugal", ZoneInfo("Europe/Lisbon"))
RENDERER = Renderer("Tidewater Relief", HOSTS)
HOSTILE = "\"'></title></script><script>alert(1)</script><!-- ${x} {{ y }} {% z %} &amp; \u2028"


def url(tag):
    return f"https://{tag.lower()}.tidewater.example/{tag.lower()}/2026/river/"


def make_page(tag="pt-PT", alternates=("pt-PT",), origin="machine", markup="<p>O rio.</p>", approved="", **known):
    metadata = Metadata(**{"title": "O rio volta", "summary": "A água baixa.", "language": tag, **known})
    provenance = Provenance("a1", 3, 7, "ab" * 32, "en", origin, ("firefox:enpt@0123456789abcdef",), approved)
    others = tuple(Alternate(other, url(other)) for other in alternates)
    path = f"{tag.lower()}/2026/river/"
    return Page(metadata, markup, tag, "portugal", path, url(tag), others, provenance, NOW, NOW)


def make_teaser(number=0, **known):
    values = {
        "title": f"Notícia {number}",
        "summary": "Resumo",
        "url": f"https://pt.tidewater.example/pt-pt/2026/noticia-{number}/",
        "image": "",
        "image_alt": "",
        "published_at": NOW + timedelta(hours=number),
        "kind": "article",
    }
    return Teaser(**{**values, **known})


def make_front(teasers=(), siblings=(), tag="pt-PT"):
    path = site.front_path(tag)
    return FrontPage(tag, "portugal", path, f"https://pt.tidewater.example/{path}", tuple(teasers), tuple(siblings))


def article(page, context=PORTUGAL, renderer=RENDERER):
    return strict(renderer.article(page, context))


def strict(data):
    """Parse as browsers do; a parse error fails the test."""
    html5lib.HTMLParser(strict=True).parse(data.decode())
    return BeautifulSoup(data, "html5lib")


def meta(soup, name):
    return [tag["content"] for tag in soup.find_all("meta", attrs={"name": name})]


def hreflang(soup):
    """The alternates in other languages, by language."""
    return {link["hreflang"]: link["href"] for link in soup.find_all("link", rel="alternate", hreflang=True)}


def structured(soup):
    return json.loads(soup.find("script", type="application/ld+json").string)


@pytest.mark.parametrize(
    ("tag", "direction"),
    [
        ("pt-PT", "ltr"),
        ("ur-PK", "rtl"),
        ("ar", "rtl"),
        ("he", "rtl"),
        ("fa", "rtl"),
        ("az-Arab", "rtl"),
        ("dv", "rtl"),
    ],
)
def test_a_page_says_its_language_and_direction(tag, direction):
    soup = article(make_page(tag, (tag,)))
    assert (soup.html["lang"], soup.html["dir"]) == (tag, direction)


def test_links_to_other_languages_carry_their_language_and_direction():
    soup = article(make_page(alternates=("pt-PT", "ur-PK", "en-GB")))
    link = soup.select_one(f'nav a[href="{url("ur-PK")}"]')
    assert (link["lang"], link["hreflang"], link["dir"], link.text) == ("ur-PK", "ur-PK", "rtl", "اردو")


def test_the_language_menu_names_regions_only_where_a_language_has_several():
    soup = article(make_page(alternates=("pt-PT", "pt-BR", "en-GB", "fr-CA")))
    assert [link.text for link in soup.select("nav.languages a")] == ["English", "Français", "Brasil"]
    assert soup.select_one("nav.languages [aria-current]").text == "Portugal"


def test_hreflang_names_every_alternate_the_generic_language_and_the_default():
    soup = article(make_page(alternates=("pt-BR", "pt-PT", "en-US", "en-GB", "zh-Hans-CN", "zh-Hant-TW", "fr-CA")))
    assert hreflang(soup) == {
        **{tag: url(tag) for tag in ("pt-PT", "pt-BR", "en-US", "en-GB", "zh-Hans-CN", "zh-Hant-TW", "fr-CA")},
        "pt": url("pt-BR"),
        "en": url("en-US"),
        "x-default": url("en-US"),
    }


def test_hreflang_is_the_same_on_every_page_of_an_article():
    tags = ("pt-BR", "pt-PT", "en-GB")
    alternates = [hreflang(article(make_page(tag, tags))) for tag in tags]
    assert alternates[0] == alternates[1] == alternates[2]


def test_without_a_page_in_the_source_language_the_first_is_the_default():
    links = locales.hreflang_links([Alternate("fr-CA", "f"), Alternate("es-MX", "e")], "en")
    assert links[-1] == locales.Link("x-default", "f")


def test_a_page_that_is_not_confirmed_yet_names_itself():
    soup = article(make_page(alternates=()))
    assert [*hreflang(soup)] == ["pt-PT", "x-default"]
    assert soup.find("link", rel="canonical")["href"] == url("pt-PT")


@pytest.mark.parametrize("origin", ["machine", "person", "source"])
def test_only_a_machine_translation_carries_the_note(origin):
    notes = article(make_page(alternates=("pt-PT", "en-GB"), origin=origin)).select(".note")
    assert len(notes) == (origin == "machine")


def test_the_note_leads_to_the_original_and_says_whether_anybody_read_it():
    unread = article(make_page(alternates=("pt-PT", "en-GB"))).select_one(".note")
    approved = article(make_page(alternates=("pt-PT", "en-GB"), approved="Editor")).select_one(".note")
    assert unread.a["href"] == url("en-GB")
    assert "Ler o original (inglês)" in unread.text
    assert "ninguém" in unread.text
    assert "aprovado" in approved.text


def test_the_note_has_no_link_where_the_original_is_not_published():
    assert article(make_page(alternates=("pt-PT", "pt-BR"))).select_one(".note").a is None


def test_a_language_without_labels_works_and_marks_the_english_ones():
    soup = article(make_page("sw-TZ", ("sw-TZ",), kind="news"))
    assert (soup.html["lang"], soup.select_one(".note")["lang"]) == ("sw-TZ", "en")
    assert soup.select_one(".kicker")["lang"] == "en"


def test_a_right_to_left_language_without_labels_marks_the_direction_of_ours():
    assert article(make_page("he", ("he",))).select_one(".note")["dir"] == "ltr"


@pytest.mark.parametrize("tag", ["pt-AO", "en-PK", "es-MX", "fr-CA", "ur-PK", "ar-EG"])
def test_our_labels_need_no_mark_in_their_own_language(tag):
    assert not article(make_page(tag, (tag,))).select_one(".note").has_attr("lang")


def test_every_label_file_has_every_label():
    wording = Wording()
    english = wording.for_page("en")
    for tag in ("pt", "es", "fr", "ur", "ar"):
        labels = wording.for_page(tag)
        same = {name for name in english.texts if labels[name] == english[name]}
        assert same <= {"footnotes", "series_title"}, tag  # "Notes" is French too, "Series" Spanish
        assert labels.kinds.keys() == english.kinds.keys()


@pytest.mark.parametrize("field", ["title", "summary", "image_alt", "series", "kind", "image", "canonical_url"])
def test_hostile_metadata_stays_text(field):
    values = {"series": "s", "image": "https://example.org/i.jpg", field: HOSTILE}
    soup = article(make_page(alternates=("pt-PT", "en-GB"), authors=(HOSTILE,), tags=(HOSTILE,), **values))
    assert [script["type"] for script in soup.find_all("script")] == ["application/ld+json"]
    data = structured(soup)
    assert data["author"][0]["name"] == HOSTILE
    assert data["@type"] == "NewsArticle"


def test_a_hostile_title_is_whole_wherever_it_stands():
    soup = article(make_page(title=HOSTILE))
    shown = " ".join(HOSTILE.split())
    assert soup.title.text == f"{shown} – Tidewater Relief Portugal"
    assert soup.h1.text == shown
    assert soup.find("meta", property="og:title")["content"] == shown
    assert structured(soup)["headline"] == shown


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), max_size=60), st.text(max_size=30))
def test_no_text_breaks_a_page(title, name):
    """Any code points, also lone surrogates and controls, give a page that parses without an error."""
    page = make_page(title=title, summary=name, authors=(name,), tags=(title,), series=name)
    soup = article(page, SiteContext(name, ZoneInfo("UTC")))
    assert len(soup.find_all("script")) == 1


def test_a_hostile_section_name_and_address_stay_text():
    page = replace(
        make_page(), url=f"https://x.example/{HOSTILE}", alternates=(Alternate("en", f"javascript:{HOSTILE}"),)
    )
    soup = article(page, SiteContext(HOSTILE, ZoneInfo("UTC")))
    assert len(soup.find_all("script")) == 1
    front = strict(RENDERER.front_page(make_front([make_teaser(title=HOSTILE, image=HOSTILE)]), PORTUGAL))
    assert not front.find_all("script")
    assert not front.select(".teaser img")


def test_structured_data_names_the_original_of_a_translation():
    data = structured(article(make_page(alternates=("pt-PT", "en-GB"), part=2, series="Depois das cheias")))
    assert data["inLanguage"] == "pt-PT"
    assert data["translationOfWork"]["url"] == url("en-GB")
    assert data["isPartOf"] == {"@type": "CreativeWorkSeries", "name": "Depois das cheias", "position": 2}


def test_an_original_is_no_translation():
    page = make_page("en-GB", ("en-GB", "pt-PT"), origin="source")
    assert "translationOfWork" not in structured(article(page))


def test_the_submitters_canonical_address_names_an_unpublished_original():
    data = structured(article(make_page(canonical_url="https://newsroom.example/river")))
    assert data["translationOfWork"]["url"] == "https://newsroom.example/river"


def test_the_provenance_can_be_read_by_a_machine():
    soup = article(make_page(approved="Editor"))
    names = ["article", "revision", "version", "digest", "origin", "engine", "approved-by", "source-language"]
    assert [meta(soup, f"sectionwire:{name}") for name in names] == [
        ["a1"], ["3"], ["7"], ["ab" * 32], ["machine"], ["firefox:enpt@0123456789abcdef"], ["Editor"], ["en"],
    ]  # fmt: skip


def test_dates_are_those_of_the_section_in_the_language_of_the_page():
    sao_paulo = SiteContext("Brasil", ZoneInfo("America/Sao_Paulo"))
    time = article(make_page("pt-BR", ("pt-BR",)), sao_paulo).select_one(".dates time")
    assert (time.text, time["datetime"]) == ("31 de dezembro de 2025", "2025-12-31T22:30:00-03:00")


@pytest.mark.parametrize(("after", "text"), [(30, None), (7200, "03:30"), (200_000, "3 de janeiro de 2026")])
def test_an_update_is_told_when_a_reader_would_notice(after, text):
    page = replace(make_page(), updated_at=NOW + timedelta(seconds=after))
    shown = article(page).select_one(".update time")
    assert (shown and shown.text) == text


def test_the_same_page_gives_the_same_bytes_in_another_renderer():
    page = make_page(alternates=("pt-PT", "en-GB"), tags=("a", "b"))
    other = Renderer("Tidewater Relief", HOSTS)
    assert RENDERER.article(page, PORTUGAL) == other.article(page, PORTUGAL)
    assert RENDERER.front_page(make_front([make_teaser()]), PORTUGAL) == other.front_page(
        make_front([make_teaser()]), PORTUGAL
    )
    assert RENDERER.assets == other.assets


def test_a_page_links_to_a_stylesheet_that_is_there_and_to_its_home():
    soup = article(make_page())
    assert soup.find("link", rel="stylesheet")["href"] == f"../../../{next(iter(RENDERER.assets))}"
    assert soup.select_one(".masthead a")["href"] == "../../index.html"


def test_the_policy_allows_no_script_and_only_the_embed_hosts():
    policy = article(make_page()).find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; style-src 'self' file:; ")
    assert "frame-src https://www.youtube-nocookie.com https://player.vimeo.com; " in policy
    assert "script-src" not in policy
    assert "frame-src 'none'" in content_security_policy(())


@pytest.mark.parametrize("host", ["a.example; script-src *", "*", "", "'self'", "https://a.example", 'a"b'])
def test_an_embed_host_can_not_change_the_policy(host):
    with pytest.raises(ValueError, match="is no host name"):
        Renderer("Tidewater Relief", (host,))


def test_the_teaser_image_is_shown_unless_the_body_has_it():
    image = "https://example.org/i.jpg?a=1&b=2"
    assert article(make_page(image=image, image_alt="Rio")).select_one(".hero img")["alt"] == "Rio"
    shown = '<p>O rio.</p><img src="https://example.org/i.jpg?a=1&amp;b=2" alt="">'
    assert not article(make_page(image=image, markup=shown)).select(".hero")


def test_an_empty_front_page_says_so():
    soup = strict(RENDERER.front_page(make_front(), PORTUGAL))
    assert "Ainda não há publicações" in soup.main.text
    assert not soup.select(".teaser")


def test_teasers_come_newest_first_whatever_their_order():
    teasers = [make_teaser(number) for number in (3, 150, 0, 77)] + [make_teaser(n) for n in range(200, 396)]
    soup = strict(RENDERER.front_page(make_front(teasers), PORTUGAL))
    titles = [int(title.text.split()[1]) for title in soup.select(".teaser :is(h2, h3)")]
    assert len(titles) == 200
    assert titles == sorted(titles, reverse=True)


def test_a_teaser_shows_what_is_known_of_its_article():
    teaser = make_teaser(image="https://example.org/i.jpg", image_alt="Rio", kind="statement", series="Cheias", part=1)
    shown = strict(RENDERER.front_page(make_front([teaser]), PORTUGAL)).select_one(".teaser")
    assert shown.a["href"] == "2026/noticia-0/index.html"
    assert shown.img["alt"] == "Rio"
    assert shown.select_one(".kicker").text == "Comunicado"
    assert shown.select_one(".series").text == "Parte 1 da série “Cheias”"


def test_a_front_page_leads_to_the_sections_other_languages():
    sibling = Alternate("en-PK", "https://pt.tidewater.example/en-pk/")
    soup = strict(RENDERER.front_page(make_front(siblings=[sibling]), PORTUGAL))
    assert soup.select_one("nav.languages a")["href"] == "../en-pk/index.html"
    assert hreflang(soup) == {
        "pt-PT": "https://pt.tidewater.example/pt-pt/",
        "en-PK": "https://pt.tidewater.example/en-pk/",
        "x-default": "https://pt.tidewater.example/",
    }


def test_the_root_leads_to_the_first_language_without_a_script():
    soup = strict(RENDERER.root_page(make_front(), PORTUGAL))
    assert soup.find("meta", attrs={"http-equiv": "refresh"})["content"] == "0; url=pt-pt/index.html"
    assert soup.a["href"] == "pt-pt/index.html"


def test_a_theme_overrides_templates_labels_and_style(tmp_path):
    for name, text in {
        "templates/masthead.html": '<header><b>{{ section }}</b><img src="{{ asset.logo.svg }}" alt=""></header>',
        "labels/sw.toml": 'machine_title = "Tafsiri ya mashine"',
        "assets/own.css": "body { color: teal }",
        "assets/front.css": "",
        "assets/logo.svg": "<svg/>",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    renderer = Renderer("Tidewater Relief", HOSTS, tmp_path)
    soup = article(make_page("sw-TZ", ("sw-TZ",)), renderer=renderer)
    assert soup.header.b.text == PORTUGAL.name
    assert soup.select_one(".note-title").text == "Tafsiri ya mashine"
    style, logo = renderer.assets
    assert renderer.assets[style].endswith(b"teal }")
    assert b".features" not in renderer.assets[style]
    assert renderer.assets.keys().isdisjoint(RENDERER.assets)
    assert soup.header.img["src"] == f"../../../{logo}"
    lost = strict(renderer.not_found(make_front(), PORTUGAL))
    assert lost.header.img["src"] == f"https://pt.tidewater.example/{logo}"


def test_an_asset_of_a_theme_that_can_not_be_published_is_named(tmp_path):
    (tmp_path / "assets" / "fonts").mkdir(parents=True)
    with pytest.raises(Permanent, match=r"fonts can't be an asset of a theme\. Keep plain files there"):
        Renderer("Tidewater Relief", HOSTS, tmp_path)


FAULTY = [
    b"{% if %}",
    b"{% include 'nowhere.html' %}",
    b"{{ title|nonsense }}",
    b"\xe1",
    b"{% include 'article.html' %}",
]


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_template_of_an_installation_is_named(tmp_path, fault):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "article.html").write_bytes(fault)
    with pytest.raises(Permanent, match=r"article\.html can't be rendered.*own templates"):
        Renderer("Tidewater Relief", HOSTS, tmp_path).article(make_page(), PORTUGAL)


NO_LABELS = [
    'by = "{nobody}"',
    'by = "{"',
    'by = "{authors:d}"',
    "by = 3",
    "by =",
    '[kinds]\nnews = ["x"]',
    'kinds = "x"',
]


@pytest.mark.parametrize("fault", NO_LABELS)
def test_a_faulty_label_file_of_an_installation_is_named(tmp_path, fault):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "pt.toml").write_text(fault)
    with pytest.raises(Permanent, match=r"pt\.toml"):
        Renderer("Tidewater Relief", HOSTS, tmp_path)


def finish(markup, hosts=HOSTS):
    return body.finish(markup, plugins.Setting(hosts, "Vídeo"), body.BodyLabels("Tabela", "Notas", ""))


@pytest.mark.parametrize("code", ["abcdefghijk", "abcdefghijk|600|450", "https://youtu.be/abcdefghijk?t=3"])
def test_a_video_tag_becomes_a_frame_of_the_private_host(code):
    soup = BeautifulSoup(finish(f"<p>{{youtube}}{code}{{/youtube}}</p>"), "html5lib")
    assert soup.iframe["src"] == "https://www.youtube-nocookie.com/embed/abcdefghijk"
    assert soup.iframe["title"] == "Vídeo"


def test_a_video_of_a_host_that_is_not_allowed_becomes_a_link():
    soup = BeautifulSoup(finish("<p>{youtube}abcdefghijk{/youtube} {vimeo}1234567{/vimeo}</p>", ()), "html5lib")
    assert not soup.find_all("iframe")
    assert [a["href"] for a in soup.find_all("a")] == [
        "https://www.youtube.com/watch?v=abcdefghijk",
        "https://vimeo.com/1234567",
    ]


@pytest.mark.parametrize(
    "markup",
    [
        '<p>{youtube}"&gt;&lt;script&gt;{/youtube}</p>',
        "<p>{youtube}short{/youtube}</p>",
        "<p>{youtube}abcdefghijk</p>",
        "<p>{mystery x} and {a} {b}text{/b}</p>",
        "<pre>{youtube}abcdefghijk{/youtube}</pre>",
        "<p><code>{loadposition x}</code></p>",
        "<pre><code>{gallery}x{/gallery}</code>\n{loadmodule y}</pre>",
        "<p>&copy; a &amp; b &#169; &lt;table&gt; {} { }</p>",
    ],
)
def test_what_is_no_known_tag_or_stands_in_code_is_left_as_it_is(markup):
    assert finish(markup) == markup


def test_dropped_tags_take_their_empty_paragraph_along():
    markup = "<p>a {loadposition ads} b</p><p>{loadmodule x,y}</p><p><br>{gallery}f/g{/gallery}&nbsp;</p><p></p>"
    assert finish(markup) == "<p>a  b</p><p></p>"


def test_teaser_texts_lose_the_tags_too():
    soup = article(make_page(summary="O rio {loadposition x} baixa {sic}."))
    assert soup.select_one(".standfirst").text == "O rio baixa {sic}."


def test_a_table_gets_a_box_of_its_own_and_an_inner_one_does_not():
    inner = "<table><tbody><tr><td>x</td></tr></tbody></table>"
    markup = f'<p title="a <table> here">t</p><table><tbody><tr><td>{inner}</td></tr></tbody></table><p>end</p>'
    soup = BeautifulSoup(finish(markup), "html5lib")
    assert len(soup.select(".table-box")) == 1
    assert soup.select_one(".table-box")["aria-label"] == "Tabela"
    assert soup.select_one(".table-box + p").text == "end"
    assert soup.p["title"] == "a <table> here"


def test_footnotes_get_one_heading():
    markup = '<section class="footnotes" role="doc-endnotes"><ol class="footnotes"><li id="fn1">x</li></ol></section>'
    assert finish(markup).count('<h2 class="footnotes-title">Notas</h2>') == 1


def test_braces_without_end_take_linear_time():
    markup = "<p>" + "{youtube}" * 20_000 + "</p>"
    assert finish(markup) == markup


@pytest.mark.parametrize(
    ("to", "link"),
    [
        ("https://x.example/s/pt-pt/2026/b/", "../b/index.html"),
        ("https://x.example/s/pt-pt/", "../../index.html"),
        ("https://x.example/s/ur-pk/2026/%D8%A2/#n", "../../../ur-pk/2026/%D8%A2/index.html#n"),
        ("https://x.example/other/", "https://x.example/other/"),
        ("https://x.example/s/a.pdf", "https://x.example/s/a.pdf"),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_links_inside_a_site_are_relative(to, link):
    assert site.link("https://x.example/s/pt-pt/2026/a/", "pt-pt/2026/a/", to) == link


def test_addresses_are_percent_encoded_and_found_again():
    path = site.article_path("ur-PK", NOW, "دریا")
    address = site.address("https://x.example/s/", path)
    assert path == "ur-pk/2026/دریا/"
    assert re.fullmatch(r"https://x\.example/s/ur-pk/2026/[%0-9A-F]+/", address)
    assert site.base_of(address, path) == "https://x.example/s/"


def _luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "soft", "accent", "mark"])
@pytest.mark.parametrize("ground", ["paper", "raised"])
def test_text_can_be_read_in_both_schemes(scheme, ink, ground):
    """WCAG 2.2 AA, 1.4.3: a contrast of 4.5:1 (the formula is that of its definition of relative luminance)."""
    css = next(iter(RENDERER.assets.values())).decode()
    light, dark = css.split("@media (prefers-color-scheme: dark)", 1)
    colours = dict(re.findall(r"--(\w+): (#\w{6});", light if scheme == "light" else dark.split("}")[0]))
    high, low = sorted((_luminance(colours[ink]), _luminance(colours[ground])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5
