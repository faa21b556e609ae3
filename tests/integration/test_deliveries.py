"""Publishing: promises, receipts, alternates, front pages."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from pipeline.errors import Transient
from pipeline.flow import deliveries, installation, lanes, publish, retry
from pipeline.ledger import claim as claims
from pipeline.ledger import invariants
from pipeline.ledger.models import Delivery, Receipt, Refresh
from pipeline.stages.publish.outputs.folder import FolderOutput


@pytest.fixture
def published(desk):
    """An article that Brazil and the United States have published."""
    desk.submit()
    desk.work()
    for _ in range(3):  # confirmations make siblings and front pages due at once here
        publish.run("site")
    return desk


def test_every_promise_ends_confirmed_at_its_newest_sequence(published):
    """With a receipt for each sequence that was sent."""
    for delivery in Delivery.objects.all():
        assert (delivery.status, delivery.confirmed_seq) == ("done", delivery.wanted_seq)
        sent = list(delivery.receipts.filter(outcome="confirmed").values_list("sequence", flat=True))
        assert sent == sorted(set(sent))
        assert sent[-1] == delivery.confirmed_seq
    assert invariants.broken() == []


def test_pages_name_each_other_as_alternates(published):
    """hreflang is reciprocal, of what is published only, and right at once: nothing is written twice for it."""
    assert set(Delivery.objects.values_list("wanted_seq", flat=True)) == {1}
    brazil, usa = published.page("brazil"), published.page("united-states")
    for page in (brazil, usa):
        found = set(re.findall(r'rel="alternate" hreflang="([^"]+)"', page))
        assert {"pt-BR", "en-US"} <= found
        assert "pt-PT" not in found


def test_a_page_that_fails_is_named_by_its_siblings_no_longer(desk):
    """They go out together and name each other; when one fails, the others are written again without it."""
    desk.submit()
    in_the_way = desk.home / "outputs" / "united-states"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where the folder should be")
    desk.work()
    for _ in range(3):
        publish.run("site")
    assert Delivery.objects.get(edition__section="united-states").status == "failed"
    assert Delivery.objects.get(edition__section="brazil").wanted_seq == 2
    assert 'hreflang="en-US"' not in desk.page("brazil")
    assert invariants.broken() == []


def test_a_page_that_stands_and_can_not_be_rewritten_now_is_no_reason_to_write_its_siblings_again(
    published, monkeypatch
):
    """It is still where they say. An output that often fails would else have everything sent again and again."""
    put = FolderOutput.put

    def failing(self, path, files, key, sequence, page=None):
        if page is not None and key.endswith("/en-US"):
            raise Transient("The disk is full.")
        return put(self, path, files, key, sequence, page)

    monkeypatch.setattr(FolderOutput, "put", failing)
    with transaction.atomic():
        deliveries.rewrite(Delivery.objects.all())
    publish.run("site")
    found = {row.edition.section: (row.wanted_seq, row.confirmed_seq) for row in Delivery.objects.all()}
    assert found == {"brazil": (2, 2), "united-states": (2, 1)}


def test_a_page_at_a_second_output_is_named_by_nobody_and_so_nobody_is_written_again(desk, settings):
    """Alternates lead to the first output of a section."""
    mirror = '[outputs.mirror]\ntype = "folder"\npath = "mirror/{section}"\nbase_url = "https://{section}.mirror"\n'
    text = settings.NETWORK_FILE.read_text(encoding="utf-8").replace(
        'outputs = ["site"]', 'outputs = ["site", "mirror"]'
    )
    settings.NETWORK_FILE.write_text(text + mirror, encoding="utf-8")
    desk.submit()
    desk.work()
    publish.run("mirror")
    assert set(Delivery.objects.values_list("output", "wanted_seq")) == {("site", 1), ("mirror", 1)}


def test_a_machine_translation_says_so_and_an_original_does_not(published):
    """Readers are told."""
    assert 'lang="pt-BR"' in published.page("brazil")
    assert '"machine"' in published.page("brazil")
    assert '"machine"' not in published.page("united-states")


def test_front_pages_follow(published):
    """With the teaser of what is published there, and nothing of what waits."""
    front = (published.home / "outputs" / "brazil" / "pt-br" / "index.html").read_text()
    assert published.edition("brazil").path.rstrip("/").rsplit("/", 1)[1] in front
    assert not (published.home / "outputs" / "portugal").exists()


def test_many_changes_refresh_a_front_page_once(desk):
    """Articles that are confirmed together ask for it together."""
    for number in range(8):
        desk.submit(f"<p>The water rose by {number} metres.</p>", key=f"tide-{number}", title=f"Tide {number}")
    desk.work()
    refresh = Refresh.objects.get(section="brazil", page="front")
    assert refresh.status == "done"
    assert refresh.done_seq == refresh.dirty_seq < 8
    held = (desk.home / "outputs" / "brazil" / "pt-br" / "index.html").read_text()
    assert held.count("<article") + held.count("<li") >= 8


def test_something_newer_wanted_during_a_send_is_sent_next(published):
    """The claim carries its own sequence; the row is ready again at once."""
    row = Delivery.objects.get(edition__section="brazil")
    deliveries.want([(row.edition, installation.network().section("brazil"))])
    claim = claims.take(Delivery, lanes.publish("site"), 5, 45)
    assert claim is not None
    deliveries.want([(row.edition, installation.network().section("brazil"))])
    claims.finish_promise(row, claim.token, confirmed_seq=F("sending_seq"))
    row.refresh_from_db()
    assert row.status == "ready"
    assert row.wanted_seq == row.confirmed_seq + 1
    publish.run("site")
    row.refresh_from_db()
    assert (row.status, row.confirmed_seq) == ("done", row.wanted_seq)


def test_an_output_that_cannot_be_written_is_told_and_can_be_retried(desk):
    """A file stands where the folder should be: a person must act, nothing else is disturbed."""
    desk.submit()
    (desk.home / "outputs").mkdir()
    (desk.home / "outputs" / "brazil").write_text("in the way")
    desk.work()
    failed = Delivery.objects.get(edition__section="brazil")
    assert failed.status == "failed" or failed.reason
    assert failed.receipts.exclude(outcome="confirmed").exists()
    assert Delivery.objects.get(edition__section="united-states").status == "done"
    (desk.home / "outputs" / "brazil").unlink()
    assert retry.failed()["publish"] == 1
    Delivery.objects.update(due_at=Now())
    for _ in range(3):
        publish.run("site")
    assert Delivery.objects.get(edition__section="brazil").status == "done"


def test_an_output_that_left_the_network_file_fails_with_a_remedy(published, settings):
    """Not silently."""
    row = Delivery.objects.get(edition__section="brazil")
    deliveries.want([(row.edition, installation.network().section("brazil"))])
    text = settings.NETWORK_FILE.read_text().replace("outputs.site", "outputs.web").replace('["site"]', '["web"]')
    settings.NETWORK_FILE.write_text(text)
    publish.run("site")
    row.refresh_from_db()
    assert row.status == "failed"
    assert "Add [outputs.site]" in row.reason


def test_an_address_stays_when_the_title_changes(published):
    """Links of readers must not break."""
    before = published.edition("united-states").path
    published.submit(title="A quite different title")
    published.work()
    assert published.edition("united-states").path == before
    assert "A quite different title" in published.page("united-states")


def test_two_articles_with_one_title_get_two_addresses(desk):
    """The second is numbered."""
    desk.submit(key="a")
    desk.submit("<p>Other text.</p>", key="b")
    desk.work()
    paths = set(Delivery.objects.filter(edition__section="brazil").values_list("edition__path", flat=True))
    assert len(paths) == 2


def test_receipts_are_appended_for_each_attempt(published):
    """What happened can be explained later."""
    count = Receipt.objects.count()
    row = Delivery.objects.get(edition__section="brazil")
    deliveries.want([(row.edition, installation.network().section("brazil"))])
    publish.run("site")
    assert Receipt.objects.count() == count + 1
