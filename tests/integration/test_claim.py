"""Claim, lease, finish: nothing is done twice, nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from pipeline.errors import Permanent, Transient
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Article, Revision, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def article() -> Article:
    """An article to hang rows on."""
    return Article.objects.create(uid="a1", title="Tide", language="en", base="en", created_at=timezone.now())


def revision(article: Article, number: int, **fields) -> Revision:
    return Revision.objects.create(
        article=article,
        number=number,
        checksum=f"{number}",
        metadata={},
        submitted_as="x",
        submitted_at=timezone.now(),
        lane="prepare",
        **fields,
    )


def test_a_claim_takes_the_most_urgent_first_and_the_oldest_among_equals(article):
    """Priority, then age, up to the budget."""
    rows = [revision(article, 1), revision(article, 2), revision(article, 3, priority=10)]
    claim = claims.take(Revision, "prepare", budget=2, lease_seconds=45)
    assert claim is not None
    assert claim.ids == (rows[2].pk, rows[0].pk)


def test_two_claims_never_share_a_row(article):
    """What is claimed is not claimed again; a third claim finds nothing."""
    for number in range(1, 5):
        revision(article, number)
    first = claims.take(Revision, "prepare", 2, 45)
    second = claims.take(Revision, "prepare", 2, 45)
    assert first is not None
    assert second is not None
    assert not set(first.ids) & set(second.ids)
    assert claims.take(Revision, "prepare", 2, 45) is None


def test_rows_of_the_future_and_of_other_lanes_are_left_alone(article):
    """Due times and lanes are respected."""
    revision(article, 1, due_at=timezone.now() + timedelta(hours=1))
    Revision.objects.filter(number=1).update(due_at=Now() + timedelta(seconds=30))
    assert claims.take(Revision, "prepare", 5, 45) is None
    revision(article, 2)
    assert claims.take(Revision, "publish.site", 5, 45) is None


def test_a_finish_after_the_lease_was_given_to_another_is_thrown_away(article):
    """The token decides, not the intention."""
    row = revision(article, 1)
    late = claims.take(Revision, "prepare", 1, lease_seconds=-1)
    assert claims.release_expired() == 1
    current = claims.take(Revision, "prepare", 1, 45)
    assert late is not None
    assert current is not None
    with pytest.raises(claims.LostClaim), transaction.atomic():
        claims.finish(row, late.token)
    claims.finish(row, current.token)
    row.refresh_from_db()
    assert (row.status, row.token, row.deaths) == (Status.DONE, None, 0)


def test_a_renewed_lease_is_not_released(article):
    """A worker that lives keeps its rows."""
    revision(article, 1)
    claim = claims.take(Revision, "prepare", 1, lease_seconds=45)
    assert claim is not None
    Revision.objects.update(lease_until=Now() - timedelta(seconds=1))
    claim.renew()
    assert claims.release_expired() == 0


def test_the_fifth_death_fails_the_row_and_says_so(article):
    """What kills every worker stops after five of them."""
    row = revision(article, 1)
    for _ in range(claims.MAX_DEATHS):
        assert claims.take(Revision, "prepare", 1, lease_seconds=-1) is not None
        claims.release_expired()
    row.refresh_from_db()
    assert row.status == Status.FAILED
    assert "died 5 times" in row.reason
    assert claims.retry(Revision.objects.all()) == (1, {"prepare"})


def test_a_row_during_which_a_worker_died_is_claimed_alone(article):
    """A poisonous row takes no others along."""
    revision(article, 1)
    claims.take(Revision, "prepare", 1, lease_seconds=-1)
    claims.release_expired()
    revision(article, 2)
    revision(article, 3)
    alone = claims.take(Revision, "prepare", 10, 45)
    rest = claims.take(Revision, "prepare", 10, 45)
    assert alone is not None
    assert rest is not None
    assert (len(alone.ids), len(rest.ids)) == (1, 2)


def test_a_transient_error_is_tried_again_no_sooner_than_asked(article):
    """Retry-After is honoured, the reason is visible."""
    row = revision(article, 1)
    claim = claims.take(Revision, "prepare", 1, 45)
    assert claim is not None
    row.refresh_from_db()
    assert claims.give_up(row, claim.token, Transient("busy", retry_after=600))
    row.refresh_from_db()
    assert row.status == Status.READY
    assert row.due_at > timezone.now() + timedelta(seconds=500)
    assert row.reason == "busy"


def test_a_permanent_error_waits_for_a_person(article):
    """Failed, with what to do."""
    row = revision(article, 1)
    claim = claims.take(Revision, "prepare", 1, 45)
    assert claim is not None
    row.refresh_from_db()
    claims.give_up(row, claim.token, Permanent("broken", "Mend it."))
    row.refresh_from_db()
    assert (row.status, row.reason) == (Status.FAILED, "broken Mend it.")


def test_transient_errors_end_at_last(article):
    """After a day of tries a person hears of it."""
    row = revision(article, 1, attempts=claims.MAX_ATTEMPTS - 1)
    claim = claims.take(Revision, "prepare", 1, 45)
    assert claim is not None
    row.refresh_from_db()
    claims.give_up(row, claim.token, Transient("busy"))
    row.refresh_from_db()
    assert row.status == Status.FAILED
    assert f"{claims.MAX_ATTEMPTS} times" in row.reason


def test_the_database_refuses_a_running_row_without_lease(article):
    """running ⇔ token and lease."""
    with pytest.raises(IntegrityError), transaction.atomic():
        revision(article, 1, status=Status.RUNNING)


def test_a_failure_without_a_reason_is_refused(article):
    """Every unfinished row says why."""
    with pytest.raises(IntegrityError), transaction.atomic():
        revision(article, 1, status=Status.FAILED)


def test_a_claim_reads_an_index(article):
    """The claim stays cheap at a hundred thousand rows."""
    for number in range(1, 30):
        revision(article, number)
    due = Revision.objects.filter(lane="prepare", status=Status.READY, due_at__lte=Now()).order_by(
        "priority", "due_at", "id"
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            plan = due[:20].explain()
        else:
            plan = due[:20].explain()
    assert "revision_claim" in plan


def test_due_lanes_come_most_urgent_first(article):
    """The sweep rings what is due, and nothing else."""
    revision(article, 1)
    revision(article, 2, priority=10)
    Revision.objects.filter(number=2).update(lane="translate.pt")
    assert claims.due_lanes() == ["translate.pt", "prepare"]


@pytest.mark.parametrize(("attempts", "low", "high"), [(1, 1, 3), (3, 4, 12), (30, 7200, 21600)])
def test_backoff_grows_and_is_bounded(attempts, low, high):
    """Exponential, jittered by half, at most six hours."""
    assert all(low <= claims.backoff(attempts) <= high for _ in range(50))
