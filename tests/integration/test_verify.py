"""``sectionwire publish verify``: what outputs really hold, against the ledger."""

from __future__ import annotations

import re

import pytest
from django.db.models.functions import Now

from pipeline.errors import Permanent
from pipeline.flow import installation, placing, publish, sections, slugs, verify
from pipeline.ledger.models import Delivery, Redirect, Refresh, Status
from pipeline.stages.publish.outputs.manifest import file_name
from tests.integration.test_commands import sectionwire
from tests.integration.test_output_faults import key_of, newsroom, receiver  # noqa: F401 - fixtures

UNWANTED = "0123456789abcdef/pt-BR"


@pytest.fixture
def published(newsroom):  # noqa: F811
    """Brazil has published at two outputs, and everything has settled."""
    newsroom.submit()
    newsroom.work()
    settle()
    return newsroom


def settle():
    """Send until nothing is left to send."""
    for _ in range(6):
        Delivery.objects.filter(status=Status.READY).update(due_at=Now())
        Refresh.objects.filter(status=Status.READY).update(due_at=Now())
        for output in ("site", "cms"):
            publish.run(output)


def site_of(published, section):
    """The folder of a section."""
    return published.home / "outputs" / section


def out(section, output="site"):
    """The output of a section."""
    net = installation.network()
    return installation.output_of(output, net.section(section), net)


def drifts(section="brazil", output="site"):
    """What differs, as kind and key."""
    net = installation.network()
    place = next(p for p in verify.places(net, output) if p.section.key == section)
    return {(drift.kind.value, drift.key) for drift in verify.compare(place, net, lambda _: None)}


def test_nothing_differs_where_nothing_was_touched(published):
    """Articles, front pages, lists, feeds: all as confirmed, at every output."""
    said = sectionwire("publish", "verify")
    assert (said.status, said.err) == (0, "")
    assert said.out.endswith("compared, 0 not as the ledger has it.\n")
    assert int(said.out.split()[0]) > 2 * Delivery.objects.count()


def test_every_difference_is_found_and_repaired(published, receiver):  # noqa: F811
    """Missing, changed, older, unwanted; of articles and of pages that list them; in a folder and at a receiver."""
    brazil = Delivery.objects.get(edition__section="brazil", output="site")
    at_cms = Delivery.objects.get(edition__section="brazil", output="cms")
    path = site_of(published, "brazil") / brazil.edition.path / "index.html"
    path.unlink()
    front = site_of(published, "brazil") / "pt-br" / "index.html"
    front.write_text("defaced", encoding="utf-8")
    out("brazil").put("pt-br/2020/stray/", {"index.html": b"stray"}, UNWANTED, 7)
    receiver.pages[key_of(at_cms)]["digest"] = "d" * 64
    receiver.pages["root"]["sequence"] -= 1
    del receiver.pages["front/pt-BR"]
    assert drifts() == {("missing", key_of(brazil)), ("changed", "front/pt-BR"), ("unwanted", UNWANTED)}
    at_receiver = {("changed", key_of(at_cms)), ("older", "root"), ("missing", "front/pt-BR")}
    assert drifts(output="cms") == at_receiver

    told = sectionwire("publish", "verify")
    assert told.status == 1
    assert "--repair" in told.err
    assert f"missing   brazil at site: {brazil.url}" in told.out
    only = sectionwire("publish", "verify", "--output", "cms", "--json")
    *records, total = only.records
    assert {(record["kind"], record["key"]) for record in records} == at_receiver
    assert (total["different"], total["unread"], total["repaired"]) == (3, 0, False)
    assert not path.exists()  # nothing was touched so far

    repaired = sectionwire("publish", "verify", "--repair")
    assert repaired.status == 0
    settle()
    assert drifts() == drifts(output="cms") == set()
    assert path.exists()
    assert not (site_of(published, "brazil") / "pt-br/2020").exists()
    assert "defaced" not in front.read_text(encoding="utf-8")


def test_what_is_being_sent_is_left_alone(published):
    """A row that is ready or running is not compared: its page may be there already, or not yet."""
    brazil = Delivery.objects.get(edition__section="brazil", output="site")
    out("brazil").put(brazil.edition.path, {"index.html": b"newer"}, key_of(brazil), brazil.confirmed_seq + 1)
    assert drifts() == set()  # sent, but not recorded: whoever sent it died, and it is sent again
    (site_of(published, "brazil") / brazil.edition.path / "index.html").unlink()
    assert drifts() == {("missing", key_of(brazil))}
    Delivery.objects.filter(pk=brazil.pk).update(status=Status.READY)
    assert drifts() == set()


def test_a_removed_page_that_has_come_back_is_unwanted(published):
    """And is taken away by the delivery that removed it, with a sequence of its own."""
    brazil = Delivery.objects.get(edition__section="brazil", output="site")
    Delivery.objects.filter(pk=brazil.pk).update(action="remove", confirmed_action="remove")
    assert drifts() == {("unwanted", key_of(brazil))}
    net = installation.network()
    place = next(place for place in verify.places(net, "site") if place.section.key == "brazil")
    assert [drift.delivery for drift in verify.run(place, net, lambda _: None, repair=True)] == [brazil.pk]
    settle()
    assert drifts() == set()
    assert not (site_of(published, "brazil") / brazil.edition.path).exists()


def test_redirects_are_compared_too(published):
    """One that is wanted stays, one that nobody wants goes."""
    brazil = Delivery.objects.select_related("edition__article").get(edition__section="brazil", output="site")
    edition = brazil.edition
    Redirect.objects.create(
        edition=edition, section="brazil", language="pt-BR", path="pt-br/2020/old/", active=True, at=brazil.confirmed_at
    )
    Delivery.objects.filter(pk=brazil.pk).update(wanted_seq=brazil.wanted_seq + 1, status=Status.READY)
    settle()
    assert drifts() == set()
    Redirect.objects.all().delete()
    ((kind, key),) = drifts()
    assert (kind, key.startswith(f"{key_of(brazil)}/")) == ("unwanted", True)
    net = installation.network()
    place = next(place for place in verify.places(net, "site") if place.section.key == "brazil")
    list(verify.run(place, net, lambda _: None, repair=True))
    assert drifts() == set()


def repair(section="brazil", output="site"):
    """Put right what differs; gives what was found."""
    net = installation.network()
    place = next(p for p in verify.places(net, output) if p.section.key == section)
    return {drift.kind.value for drift in verify.run(place, net, lambda _: None, repair=True)}


def test_a_redirect_that_is_gone_with_all_that_was_known_of_it_is_missed(published, receiver):  # noqa: F811
    """A changed slug left one at each output: both lose it, and get it again."""
    edition = published.edition("brazil")
    old = edition.path
    slugs.change(edition.pk, "cheia", by="Ana", net=installation.network())
    settle()
    key = placing.key_of_redirect(edition, old)
    assert (drifts(), drifts(output="cms")) == (set(), set())
    led = site_of(published, "brazil") / old / "index.html"
    (site_of(published, "brazil") / ".sectionwire/pages" / file_name(key)).unlink()
    led.unlink()
    del receiver.pages[key]
    assert drifts() == drifts(output="cms") == {("missing", key)}
    repair()
    repair(output="cms")
    settle()
    assert drifts() == drifts(output="cms") == set()
    assert published.edition("brazil").path in led.read_text(encoding="utf-8")
    assert receiver.pages[key]["action"] == "redirect"


def test_pages_that_a_section_left_at_a_former_output_lead_on_for_good(published, settings):
    """The section has moved to another output; what it left behind is verified and repaired there."""
    text = settings.NETWORK_FILE.read_text(encoding="utf-8")
    settings.NETWORK_FILE.write_text(text.replace('outputs = ["site", "cms"]', 'outputs = ["cms"]'), encoding="utf-8")
    sections.apply(installation.network(), by="Ana", section="brazil")
    settle()
    page = site_of(published, "brazil") / published.edition("brazil").path / "index.html"
    assert "brazil.cms.example" in page.read_text(encoding="utf-8")
    key = key_of(Delivery.objects.get(edition__section="brazil", output="site"))
    assert drifts() == set()
    page.write_text("defaced", encoding="utf-8")
    assert drifts() == {("changed", key)}
    page.unlink()
    assert repair() == {"missing"}
    settle()
    assert drifts() == set()
    assert "brazil.cms.example" in page.read_text(encoding="utf-8")


def test_sections_that_share_a_place_do_not_take_each_others_pages_for_unwanted(published, settings):
    """A folder without {section} in its path holds the pages of several."""
    text = settings.NETWORK_FILE.read_text(encoding="utf-8")
    text = text.replace('type = "folder"\n', 'type = "folder"\npath = "outputs/brazil"\n', 1)
    settings.NETWORK_FILE.write_text(text, encoding="utf-8")
    assert drifts("portugal") == drifts("united-states") == drifts() == set()


def test_an_output_that_cannot_say_or_be_read_is_told_apart_from_one_that_differs(published, settings):
    """It says so in a sentence, and the others are verified all the same."""
    text = settings.NETWORK_FILE.read_text(encoding="utf-8")
    silent = re.sub(r'list_url = "[^"]*", ', "", text)
    assert silent != text
    settings.NETWORK_FILE.write_text(silent, encoding="utf-8")
    said = sectionwire("publish", "verify", "--json")
    assert said.status == 1
    assert "can't be verified: it offers no list" in said.err
    assert said.records[-1]["unread"] == 1
    assert said.records[-1]["compared"] > 0
    with pytest.raises(Permanent, match="no output"):
        verify.places(installation.network(), "nowhere")


def test_the_whole_site_gone_is_found_and_made_anew(published, tmp_path):
    """With everything that we knew of it; as many queries for the same number of pages as ever."""
    site_of(published, "brazil").rename(tmp_path / "lost")
    found = drifts()
    assert {kind for kind, _ in found} == {"missing"}
    assert {key_of(Delivery.objects.get(edition__section="brazil", output="site")), "front/pt-BR"} <= {
        k for _, k in found
    }
    sectionwire("publish", "verify", "--repair", "--output", "site")
    settle()
    assert drifts() == set()
    assert published.page("brazil")


def test_a_chunk_of_pages_costs_a_constant_number_of_queries(published, django_assert_max_num_queries):
    """Four for each chunk, however many pages are in it."""
    net = installation.network()
    place = next(place for place in verify.places(net, "site") if place.section.key == "brazil")
    for number in range(30):
        out("brazil").put(f"pt-br/2020/{number}/", {"index.html": b"x"}, f"{number:016x}/pt-BR", 1)
    with django_assert_max_num_queries(12):
        assert len(list(verify.compare(place, net, lambda _: None))) == 30
