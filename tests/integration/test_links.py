"""Links between articles, and slugs: what leads where, and what is mended when pages come, move or go."""

from __future__ import annotations

import re

import pytest

from pipeline.errors import Permanent
from pipeline.flow import decisions, installation, slugs, withdraw
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, Edition, Redirect
from pipeline.stages.publish import links as stage
from tests.integration.sending import settle

OURS = "https://tidewater.example/2026/rivers/"


def edition(key: str, section: str) -> Edition:
    return Edition.objects.select_related("article").get(article__key=key, section=section)


def page(desk, key: str, section: str) -> str:
    path = desk.home / "outputs" / section / edition(key, section).path / "index.html"
    return path.read_text(encoding="utf-8")


def hrefs(desk, key: str, section: str) -> list[str]:
    """The links in the body of a page."""
    body = page(desk, key, section).partition('<div class="body">')[2].partition("</div>")[0]
    return re.findall(r'<a href="([^"]+)"', body)


@pytest.fixture
def linking(desk):
    """An article that links to another one, which is not there yet."""
    desk.submit(f'<p>Read <a href="{OURS}#mouth">about rivers</a> first.</p>', key="linking", title="First")
    desk.work(publishing=False)
    settle()
    return desk


def target(desk, **metadata) -> None:
    given = {"key": "rivers", "title": "Rivers", "canonical_url": OURS, **metadata}
    desk.submit("<p>Rivers are long.</p>", name="river-gauges.html", **given)
    desk.work(publishing=False)
    settle()


def relative(desk, section: str) -> str:
    """How a page of a section links to the target's page at the same section, fragment included."""
    return f"../{edition('rivers', section).slug}/index.html#mouth"


def test_a_link_leads_to_the_original_until_there_is_a_page_and_is_then_mended(linking):
    """On each section's page to the same language at the same section."""
    assert hrefs(linking, "linking", "brazil") == [f"{OURS}#mouth"]
    target(linking)
    for section in ("brazil", "united-states"):
        assert hrefs(linking, "linking", section) == [relative(linking, section)]
    assert invariants.broken() == []


def test_a_link_is_mended_when_its_target_is_withdrawn_and_when_it_returns(linking):
    """Without its own language there, it leads to the same base elsewhere, else to the original."""
    target(linking)
    decisions.approve(edition("rivers", "portugal").pk, by="Ana", net=installation.network())
    settle()
    net, rivers = installation.network(), Article.objects.get(key="rivers")
    withdraw.withdraw(rivers, by="Ana", reason="wrong", net=net, section="brazil")
    settle()
    elsewhere = Delivery.objects.get(edition=edition("rivers", "portugal")).url
    assert hrefs(linking, "linking", "brazil") == [f"{elsewhere}#mouth"]
    withdraw.withdraw(rivers, by="Ana", reason="wrong", net=net)
    settle()
    assert hrefs(linking, "linking", "brazil") == [f"{OURS}#mouth"]
    withdraw.reinstate(rivers, by="Ana", net=net)
    settle()
    assert hrefs(linking, "linking", "brazil") == [relative(linking, "brazil")]


def test_an_article_is_known_by_its_pages_addresses_and_its_file(desk):
    """An edition's address at any section, a root-relative path, the name of the file it came as."""
    target(desk)
    other = Delivery.objects.get(edition=edition("rivers", "united-states")).url
    for number, href in enumerate([other, "/2026/rivers", "../reports/river-gauges.html", "river-gauges.md#mouth"]):
        desk.submit(f'<p>See <a href="{href}">it</a>, page {number}.</p>', key=f"n{number}", title=f"N {number}")
    desk.work(publishing=False)
    settle()
    for number in range(4):
        (href,) = hrefs(desk, f"n{number}", "brazil")
        assert href.partition("#")[0] == relative(desk, "brazil").partition("#")[0]


def test_what_two_articles_are_called_leads_nowhere_new(desk):
    """A name that two have names none; and a link elsewhere stays as it is."""
    target(desk)
    desk.submit("<p>Other rivers.</p>", name="river-gauges.html", key="others", title="Others")
    desk.submit(
        '<p><a href="river-gauges.html">one</a> <a href="https://else.example/a?b=1&amp;c=2">two</a></p>', key="asking"
    )
    desk.work(publishing=False)
    settle()
    assert hrefs(desk, "asking", "brazil") == ["river-gauges.html", "https://else.example/a?b=1&amp;c=2"]


def test_a_page_that_nobody_links_to_is_written_once(desk):
    """Its links cost nothing; also a link to itself is right at once."""
    desk.submit(f'<p>This <a href="{OURS}">very page</a>.</p>', key="rivers", canonical_url=OURS)
    desk.work(publishing=False)
    settle()
    assert set(Delivery.objects.values_list("wanted_seq", flat=True)) == {1}
    assert hrefs(desk, "rivers", "brazil") == ["index.html"]


def test_only_pages_of_the_same_base_are_mended(linking):
    """The American page knows nothing of a Portuguese one that moves."""
    target(linking)
    before = Delivery.objects.get(edition=edition("linking", "united-states")).wanted_seq
    slugs.change(edition("rivers", "brazil").pk, "os rios", by="Ana", net=installation.network())
    settle()
    assert hrefs(linking, "linking", "brazil") == ["../os-rios/index.html#mouth"]
    assert Delivery.objects.get(edition=edition("linking", "united-states")).wanted_seq == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x/", "http://A.example:80/x/index.html#top"),
        ("https://a.example/%C3%A1gua", "https://a.example/água/"),
        ("HTTPS://a.example/x?b=1", "https://a.example/x?b=1#c"),
    ],
)
def test_spellings_of_one_address_are_equal(one, other):
    """Scheme, port, fragment, index.html and the last slash count for nothing."""
    assert stage.normal(one) == stage.normal(other) != ""


@pytest.mark.parametrize(
    "none", ["", "#a", "mailto:a@b.example", "tel:1", "http://[", "https://a:b/", "//x/", "?q", "/"]
)
def test_what_is_no_address_of_an_article_is_none(none):
    """And raises nothing."""
    assert stage.normal(none) == ""


def test_only_the_links_themselves_are_led_elsewhere():
    """Not the text, not other attributes, not other elements; markup in an attribute does not confuse it."""
    body = '<p title="https://a.example/x"><a title="a > b" href="https://a.example/x?a=1&amp;b=2#c">https://a.example/x</a></p>'
    targets = {stage.normal("https://a.example/x?a=1&b=2"): 'new"&<'}
    assert stage.lead(body, targets) == body.replace(
        'href="https://a.example/x?a=1&amp;b=2#c"', 'href="new&quot;&amp;&lt;#c"'
    )


# --- slugs ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def published(desk):
    desk.submit()
    desk.work(publishing=False)
    settle()
    return desk


def rename(section: str, slug: str, key: str = "tide") -> Edition:
    changed = slugs.change(edition(key, section).pk, slug, by="Ana", net=installation.network())
    settle()
    return changed


def at(desk, section: str, path: str) -> str:
    file = desk.home / "outputs" / section / path / "index.html"
    return file.read_text() if file.exists() else ""


def test_a_changed_slug_moves_the_page_and_leads_readers_on(published):
    """Siblings, front page and the ledger know the new address; an old link of a reader still works."""
    old = published.edition("brazil").path
    new = rename("brazil", "Relatório das marés").path
    assert new == old.rpartition("/")[0].rpartition("/")[0] + "/relatorio-das-mares/"
    assert "<h1" in at(published, "brazil", new)
    url = f"https://brazil.example/{new}"
    assert url in at(published, "brazil", old)
    assert "<h1" not in at(published, "brazil", old)
    assert url in published.page("united-states")
    settle(lists=True)
    assert "relatorio-das-mares" in (published.home / "outputs/brazil/pt-br/index.html").read_text()
    assert invariants.broken() == []


def test_redirects_lead_straight_to_the_newest_address_and_an_old_slug_can_come_back(published):
    """No chains; what was a redirect is the page again."""
    first = published.edition("brazil").path
    second = rename("brazil", "second").path
    third = rename("brazil", "third").path
    for path in (first, second):
        assert f"https://brazil.example/{third}" in at(published, "brazil", path)
    rename("brazil", first.rstrip("/").rpartition("/")[2])
    assert published.edition("brazil").path == first
    assert "<h1" in at(published, "brazil", first)
    for path in (second, third):
        assert f"https://brazil.example/{first}" in at(published, "brazil", path)
    assert list(Redirect.objects.filter(active=False).values_list("path", flat=True)) == [first]
    rename("brazil", "second")
    assert "<h1" in at(published, "brazil", second)
    assert f"https://brazil.example/{second}" in at(published, "brazil", first)


def test_a_slug_that_another_page_has_or_had_is_refused_with_a_free_one(published):
    """Also by the machine, which takes the next number."""
    taken = published.edition("brazil").slug
    rename("brazil", "second")
    published.submit("<p>Other text.</p>", key="other", title="Tide report")
    published.work(publishing=False)
    settle()
    assert edition("other", "brazil").slug == f"{taken}-2"
    for slug in ("second", taken):
        with pytest.raises(Permanent, match=rf"This one is free: {slug}-\d"):
            rename("brazil", slug, key="other")
    with pytest.raises(Permanent, match="letters or digits"):
        rename("brazil", " – ")


def test_a_slug_given_before_the_approval_is_taken(published):
    """Nothing was published there: nothing leads on."""
    assert published.edition("portugal").path == ""
    rename("portugal", "Cheia de Março")
    decisions.approve(published.edition("portugal").pk, by="Ana", net=installation.network())
    assert published.edition("portugal").path.endswith("/cheia-de-marco/")
    assert not Redirect.objects.exists()


@pytest.mark.parametrize(
    ("style", "expected"), [("readable", "cheia-de-marco"), ("unicode", "cheia-de-março"), ("ascii", "cheia-de-marco")]
)
def test_each_section_has_its_own_kind_of_slugs(published, settings, style, expected):
    text = settings.NETWORK_FILE.read_text().replace('key = "brazil"', f'key = "brazil"\nslugs = "{style}"')
    settings.NETWORK_FILE.write_text(text)
    assert rename("brazil", "Cheia de Março").slug == expected
    assert "<h1" in published.page("brazil")


def test_a_withdrawn_pages_redirects_lead_to_the_notice_or_go(published, settings):
    """With the page removed, nothing is left that leads nowhere."""
    old = published.edition("brazil").path
    rename("brazil", "second")
    rename("united-states", "second")
    text = settings.NETWORK_FILE.read_text().replace('key = "brazil"', 'key = "brazil"\nwithdrawn = "remove"')
    settings.NETWORK_FILE.write_text(text)
    withdraw.withdraw(Article.objects.get(), by="Ana", reason="wrong", net=installation.network())
    settle()
    assert not list((published.home / "outputs/brazil").glob("pt-br/2*/*/index.html"))
    assert "noindex" in published.page("united-states")
    assert at(published, "brazil", old) == ""
    withdraw.reinstate(Article.objects.get(), by="Ana", net=installation.network())
    settle()
    assert "second" in at(published, "brazil", old)
