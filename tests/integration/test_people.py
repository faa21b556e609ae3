"""Rights: owner, colleague, stranger, nobody; and what waits for whom."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from pipeline.flow import people, waiting
from pipeline.flow.waiting import Filters
from pipeline.ledger.models import Edition, Membership, Presence


def person(name: str, **roles: str) -> User:
    """Somebody with roles in sections."""
    user = User.objects.create_user(name)
    for section, role in roles.items():
        Membership.objects.create(user=user, section=section.replace("_", "-"), role=role)
    return user


@pytest.fixture
def edition(desk) -> Edition:
    """Portugal's edition, which waits."""
    desk.submit()
    desk.work()
    return desk.edition("portugal")


def test_an_editor_reads_edits_and_decides_in_their_own_section(edition):
    rights = people.rights(person("ada", portugal="editor"))
    assert rights.may_read(edition)
    assert rights.may_edit("portugal")
    assert not rights.may_lead("portugal")
    assert rights.sections == ["portugal"]


def test_a_chief_may_do_more_and_a_submitter_less(edition):
    assert people.rights(person("ada", portugal="chief")).may_lead("portugal")
    submitter = people.rights(person("sam", portugal="submitter"))
    assert submitter.may_read(edition)
    assert not submitter.may_edit("portugal")


def test_a_colleague_of_another_section_reads_what_is_published_only(desk, edition):
    rights = people.rights(person("bea", brazil="editor"))
    assert not rights.may_read(edition)
    assert not rights.may_edit("portugal")
    assert list(rights.readable(Edition.objects.filter(section="portugal"))) == []
    assert rights.may_read(desk.edition("united-states"))


def test_nobody_and_closed_accounts_may_do_nothing(edition):
    closed = person("cy", portugal="chief")
    closed.is_active = False
    for user in (AnonymousUser(), closed):
        rights = people.rights(user)
        assert not rights.may_read(edition)
        assert not rights.may_edit("portugal")
    stranger = people.rights(person("dan"))
    assert not stranger.may_read(edition)


def test_an_operator_reads_everything_and_decides_nothing(edition):
    """Running the machine is not editing: an operator who edits is a member, too."""
    user = person("op")
    user.is_staff = True
    rights = people.rights(user)
    assert rights.may_read(edition)
    assert not rights.may_edit("portugal")


def test_the_list_has_what_waits_in_ones_own_sections(desk, edition):
    rights = people.rights(person("ada", portugal="editor", brazil="editor"))
    found = waiting.find(rights, Filters())
    assert [row.section for row in found] == ["portugal"]
    assert waiting.counts(rights) == {"in_review": 1}
    (row,) = waiting.rows(list(found), rights)
    assert row.edition == edition
    assert row.characters > 0
    assert (row.assigned_to, row.others) == ("", ())


def test_filters_narrow_the_list(desk, edition):
    ada = person("ada", portugal="editor")
    rights = people.rights(ada)
    assert waiting.find(rights, Filters(section="portugal", language="pt-PT", state="in_review", text="tide")).count()
    assert not waiting.find(rights, Filters(text="volcano")).count()
    assert not waiting.find(rights, Filters(findings="block")).count()
    assert waiting.find(rights, Filters(findings="any")).count()
    assert not waiting.find(rights, Filters(findings="none")).count()
    assert not waiting.find(rights, Filters(mine="me")).count()
    waiting.assign(edition, ada)
    assert waiting.find(rights, Filters(mine="me")).count()
    assert not waiting.find(rights, Filters(mine="nobody")).count()
    assert not waiting.find(people.rights(person("sam", portugal="submitter")), Filters()).count()


def test_who_else_has_it_open_is_shown_for_a_minute(desk, edition):
    ada, bea = person("ada", portugal="editor"), person("bea", portugal="editor")
    assert waiting.here(edition, ada) == []
    assert waiting.here(edition, bea) == ["ada"]
    (row,) = waiting.rows([edition], people.rights(ada))
    assert row.others == ("bea",)
    Presence.objects.update(at="2026-01-01T00:00:00Z")
    assert waiting.here(edition, ada) == []


def test_the_list_takes_the_same_number_of_queries_for_many(desk, django_assert_num_queries):
    for number in range(6):
        desk.submit(f"<p>The water rose {number} times.</p>", key=f"tide-{number}", title=f"Tide {number}")
    desk.work()
    rights = people.rights(person("ada", portugal="editor"))
    page = list(waiting.find(rights, Filters())[:50])
    assert len(page) == 6
    with django_assert_num_queries(3):
        waiting.rows(page, rights)
