"""Sections change: renamed, moved to another output, retired, split; and what nobody has decided about."""

from __future__ import annotations

import pytest

from pipeline.errors import Permanent
from pipeline.flow import corrections, decisions, installation, sections, slugs, withdraw
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, Edition, Redirect
from pipeline.ledger.models.deliveries import SHOWN
from pipeline.network import parse
from tests.integration.sending import settle

NEW_OUTPUT = """
[outputs.new]
type = "folder"
path = "new/{section}"
base_url = "https://new.example/{section}"
settle_seconds = 0
"""
SPLIT = """
[[sections]]
key = "brazil-north"
name = "Brasil Norte"
country = "BR"
time_zone = "America/Belem"
languages = [{ tag = "pt-BR", base = "pt" }]
policy = "review"
outputs = ["site"]
split_from = "brazil"
"""


@pytest.fixture
def published(desk):
    """Two articles, in Brazil and the United States; both wait for Portugal."""
    desk.submit(key="one", title="One")
    desk.submit("<p>Another text.</p>", key="two", title="Two")
    desk.work(publishing=False)
    settle()
    return desk


def change(settings, *pairs: tuple[str, str]) -> None:
    text = settings.NETWORK_FILE.read_text()
    for old, new in pairs:
        assert old in text or not old
        text = text.replace(old, new, 1) if old else text + new
    settings.NETWORK_FILE.write_text(text)


def found(section: str = "") -> list[tuple[str, str, int]]:
    return [(each.section, each.kind, len(each.editions)) for each in sections.check(installation.network(), section)]


def apply(section: str = "") -> None:
    sections.apply(installation.network(), by="Ana", section=section)
    settle()


def edition(key: str, section: str) -> Edition:
    return Edition.objects.get(article__key=key, section=section, language__startswith="pt")


def pages(desk, folder: str) -> dict[str, str]:
    root = desk.home / folder
    return {file.parent.name: file.read_text() for file in root.glob("*/2*/*/index.html")}


def rows() -> list[dict]:
    return list(Delivery.objects.order_by("id").values("pk", "wanted_seq", "confirmed_seq", "action", "status"))


def test_nothing_to_do_is_found_where_nothing_changed(published):
    """And applying nothing does nothing."""
    before = rows()
    assert found() == []
    apply()
    assert rows() == before


def test_a_renamed_section_is_told_before_and_written_after(published, settings):
    """Looking alone changes nothing; twice is as good as once."""
    change(settings, ('name = "Brasil"', 'name = "Brasil e Amazónia"'))
    before = rows()
    assert found() == [("brazil", "rewrite", 2)]
    assert rows() == before
    apply()
    assert all("Brasil e Amazónia" in text for text in pages(published, "outputs/brazil").values())
    assert found() == []
    after = rows()
    apply()
    assert rows() == after


def test_a_new_address_is_written_into_all_pages_that_name_it(published, settings):
    """The web server's part is told in the sentence."""
    change(settings, ('base_url = "https://{section}.example"', 'base_url = "https://{section}.example.org"'))
    (told,) = sections.check(installation.network(), "brazil")
    assert "must lead https://brazil.example/pt-br/" in told.sentence
    assert "to https://brazil.example.org/pt-br/" in told.sentence
    apply()
    assert 'hreflang="pt-BR" href="https://brazil.example.org/' in "".join(
        pages(published, "outputs/united-states").values()
    )
    assert found() == []


def test_a_section_that_moves_to_another_output_leads_readers_on(published, settings):
    """The pages at the old output lead to the new ones once these are there, and those of old slugs as well."""
    slugs.change(edition("one", "brazil").pk, "primeiro", by="Ana", net=installation.network())
    settle()
    text = settings.NETWORK_FILE.read_text()
    brazil = text[text.index('key = "brazil"') : text.index('key = "angola"')]
    change(settings, (brazil, brazil.replace('["site"]', '["new"]')), ("", NEW_OUTPUT))
    assert found() == [("brazil", "move", 2), ("brazil", "move", 2)]
    apply()
    assert sum("<h1" in text for text in pages(published, "new/brazil").values()) == 2
    old = pages(published, "outputs/brazil")
    assert len(old) == 3
    for slug, text in old.items():
        assert "https://new.example/brazil/pt-br/" in text, slug
        assert "<h1" not in text
    assert found() == []
    assert 'href="https://new.example/brazil/' in "".join(pages(published, "outputs/united-states").values())
    assert invariants.broken() == []


def test_an_output_that_was_deleted_too_early_is_a_persons_matter(published, settings):
    """Nothing is done behind anybody's back."""
    change(settings, ("[outputs.site]", "[outputs.new]"))
    text = settings.NETWORK_FILE.read_text().replace('["site"]', '["new"]')
    settings.NETWORK_FILE.write_text(text)
    told = [each for each in sections.check(installation.network()) if each.kind == "orphan"]
    assert {each.section for each in told} == {"brazil", "united-states"}
    assert "keep [outputs.site]" in told[0].sentence


def test_a_retired_section_keeps_its_pages_or_withdraws_them(published, settings):
    """In both cases nothing new comes to it, and nothing is approved for it."""
    change(settings, ('key = "brazil"', 'key = "brazil"\nretired = "keep"'))
    published.submit("<p>A third text.</p>", key="three", title="Three")
    published.submit("<p>Another text, changed.</p>", key="two", title="Two")
    published.work(publishing=False)
    assert found() == []
    assert not Edition.objects.filter(article__key="three", section="brazil").exists()
    assert edition("two", "brazil").approved.revision.number == 1
    change(settings, ('retired = "keep"', 'retired = "withdraw"'))
    assert found() == [("brazil", "retire", 2)]
    apply()
    assert all("noindex" in text for text in pages(published, "outputs/brazil").values())
    assert not Article.objects.filter(withdrawn=True).exists()
    assert found() == []


def test_nothing_is_approved_for_a_retired_section(published, settings):
    change(
        settings,
        ('key = "portugal"', 'key = "portugal"\nretired = "keep"'),
        ('policy = "lead"\nfollows = "portugal"', ""),
    )
    with pytest.raises(Permanent, match="publishes nothing new"):
        decisions.approve(edition("one", "portugal").pk, by="Ana", net=installation.network())


def split(settings) -> None:
    change(
        settings,
        ('languages = [{ tag = "pt-BR", base = "pt" }]', 'languages = [{ tag = "es-BR", base = "es" }]'),
        ("", SPLIT),
    )


def test_a_split_takes_editions_with_what_was_approved_and_leads_readers_there(published, settings):
    """Under review again by its new editors: nothing is decided anew, nothing is asked of an engine."""
    corrections.label(Article.objects.get(key="one"), "Um erro.", by="Ana", edition_id=edition("one", "brazil").pk)
    settle()
    slugs.change(edition("two", "brazil").pk, "segundo", by="Ana", net=installation.network())
    settle()
    asked = list(published.engines.asked)
    split(settings)
    assert found("brazil-north") == [("brazil-north", "split", 2)]
    apply()
    new = edition("one", "brazil-north")
    assert (new.state, new.decided_by, new.approved) == ("live", "policy auto", edition("one", "brazil").approved)
    there = pages(published, "outputs/brazil-north")
    assert len(there) == 2
    assert "Um erro." in there[new.slug]
    for text in pages(published, "outputs/brazil").values():
        assert "https://brazil-north.example/pt-br/2026/" in text or "https://brazil-north.example/pt-br/" in text
        assert "<h1" not in text
    assert Redirect.objects.get().edition.section == "brazil"
    assert set(Delivery.objects.filter(SHOWN).values_list("edition__section", flat=True)) == {
        "brazil-north",
        "united-states",
    }
    assert published.engines.asked == asked
    assert found() == []
    assert invariants.broken() == []


def test_a_split_edition_lives_on_in_its_new_section_only(published, settings):
    """An update, a withdrawal and its undoing concern the new page; the old address leads there or is a notice."""
    split(settings)
    apply()
    published.submit("<p>A new first text.</p>", key="one", title="One")
    published.work(publishing=False)
    settle()
    assert edition("one", "brazil-north").state == "in_review"
    assert edition("one", "brazil").candidate is None
    decisions.approve(edition("one", "brazil-north").pk, by="Ana", net=installation.network())
    settle()
    slug = edition("one", "brazil-north").slug
    net, one = installation.network(), Article.objects.get(key="one")
    withdraw.withdraw(one, by="Ana", reason="wrong", net=net)
    settle()
    assert "noindex" in pages(published, "outputs/brazil-north")[slug]
    assert "noindex" in pages(published, "outputs/brazil")[slug]
    withdraw.reinstate(one, by="Ana", net=net)
    settle()
    assert "<h1" in pages(published, "outputs/brazil-north")[slug]
    assert "https://brazil-north.example/" in pages(published, "outputs/brazil")[slug]
    assert "<h1" not in pages(published, "outputs/brazil")[slug]
    assert invariants.broken() == []


def test_a_revision_between_a_split_and_its_application_goes_on_waiting(published, settings):
    """It is published nowhere by itself, neither in the old section nor in the new one."""
    split(settings)
    published.submit("<p>A new first text.</p>", key="one", title="One")
    published.work(publishing=False)
    settle()
    assert edition("one", "brazil").approved.revision.number == 1
    assert edition("one", "brazil-north").candidate.revision.number == 2
    apply()
    new = edition("one", "brazil-north")
    assert (new.approved.revision.number, new.candidate.revision.number, new.state) == (1, 2, "in_review")
    assert "<h1" in pages(published, "outputs/brazil-north")[new.slug]
    assert invariants.broken() == []


def test_a_split_that_was_killed_in_the_middle_is_run_again(published, settings):
    """Each edition is one transaction: the rest follows."""
    split(settings)
    calls = []

    def die() -> None:
        calls.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sections.apply(installation.network(), by="Ana", progress=die)
    assert found("brazil-north") == [("brazil-north", "split", 1)]
    apply()
    assert len(pages(published, "outputs/brazil-north")) == 2
    assert Edition.objects.filter(section="brazil-north").count() == 2


def test_a_language_that_nobody_took_over_and_a_section_that_is_gone_are_told(published, settings):
    """A person decides; until then everything stays."""
    change(settings, ('languages = [{ tag = "pt-BR", base = "pt" }]', 'languages = [{ tag = "es-BR", base = "es" }]'))
    (told,) = sections.check(installation.network(), "brazil")
    assert (told.kind, len(told.editions)) == ("orphan", 2)
    assert "which it no longer has" in told.sentence
    change(settings, ('key = "united-states"', 'key = "america"'))
    told = [each for each in sections.check(installation.network()) if each.section == "united-states"]
    assert [each.kind for each in told] == ["orphan"]
    assert "a section's key never changes" in told[0].sentence
    before = rows()
    apply()
    assert rows() == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('split_from = "spain"', "which is no other section"),
        ('split_from = "brazil"', "which is no other section"),
        ('retired = "yes"', "none of the allowed values"),
    ],
)
def test_what_a_section_can_not_be_is_refused_with_its_line(line, message, desk, settings):
    text = settings.NETWORK_FILE.read_text().replace('key = "brazil"', f'key = "brazil"\n{line}')
    with pytest.raises(Permanent, match=message):
        parse(text)
