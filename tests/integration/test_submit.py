"""Submit: what came in is in the ledger once, or the submitter hears why not."""

from __future__ import annotations

import pytest

from pipeline.documents import Metadata, Submission
from pipeline.errors import Permanent
from pipeline.flow.submit import submit
from pipeline.ledger.models import Article, Edition, Revision


def test_the_same_article_twice_is_one_article_and_one_revision(desk):
    """And it says so."""
    first, second = desk.submit(), desk.submit(name="another-name.html")
    assert (first.outcome, second.outcome) == ("new", "duplicate")
    assert "nothing to do" in second.sentence
    assert (Article.objects.count(), Revision.objects.count()) == (1, 1)


def test_a_changed_text_is_a_new_revision_of_the_same_article(desk):
    """Recognised by its key."""
    desk.submit()
    again = desk.submit("<p>The water fell.</p>")
    assert (again.outcome, again.revision.number) == ("updated", 2)
    assert Article.objects.count() == 1


def test_a_text_that_returns_to_an_earlier_state_is_a_revision_too(desk):
    """A correction that is taken back must reach the readers."""
    desk.submit()
    desk.submit("<p>The water fell.</p>")
    assert desk.submit().revision.number == 3


def test_without_key_an_article_is_recognised_by_its_canonical_url(desk):
    """Feeds and sites have no keys."""
    desk.submit(key="", canonical_url="https://example.org/tide")
    again = desk.submit("<p>Changed.</p>", key="", canonical_url="https://example.org/tide")
    assert again.outcome == "updated"


def test_without_key_and_url_the_content_decides(desk):
    """Two texts are two articles; nothing is overwritten by accident."""
    desk.submit(key="")
    assert desk.submit(key="").outcome == "duplicate"
    assert desk.submit("<p>Another one.</p>", key="").outcome == "new"


@pytest.mark.parametrize(
    ("language", "message"),
    [("xx", "is no language"), ("is", "Nobody in this network"), ("", "does not say in which language")],
)
def test_a_language_that_cannot_be_is_refused(desk, language, message):
    """Before anything is written."""
    with pytest.raises(Permanent, match=message):
        desk.submit(language=language)
    assert Article.objects.count() == 0


def test_an_article_does_not_change_its_language(desk):
    """The translations would all be wrong."""
    desk.submit()
    with pytest.raises(Permanent, match="was written in en"):
        desk.submit("<p>A água subiu.</p>", language="pt-PT")


def test_what_cannot_be_read_leaves_the_ledger_alone(desk):
    """Bounds and formats are checked before."""
    with pytest.raises(Permanent):
        submit(Submission("x.html", b"", Metadata(title="x", language="en")))
    assert Revision.objects.count() == 0


def test_an_article_without_anything_visible_is_rejected_with_a_reason(desk):
    """Cleaning leaves nothing: a failed row that a person can see."""
    desk.submit("<p>Fine.</p>")
    desk.submit('<div><img src="x" width="1" height="1"><!-- nothing --></div><p>&nbsp;</p>')
    desk.work()
    assert Revision.objects.filter(number=2, status="failed").exclude(
        reason=""
    ).exists() or not Revision.objects.filter(number=2)


def test_target_rules_decide_who_gets_an_article(desk, settings):
    """A section that doesn't take the kind gets no edition."""
    text = settings.NETWORK_FILE.read_text() + 'targets = { kinds = ["statement"] }\n'
    settings.NETWORK_FILE.write_text(text)
    desk.submit()
    desk.work()
    assert set(Edition.objects.values_list("section", flat=True)) == {"portugal", "brazil", "angola"}
