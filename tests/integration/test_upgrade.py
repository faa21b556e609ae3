"""An upgrade while workers of the version before go on working."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from pipeline.ledger import upgrades


def state() -> ProjectState:
    """A ledger with one table."""
    before = ProjectState()
    table = operations.CreateModel(
        "Tide",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=20)),
            ("height", models.IntegerField(null=True)),
        ],
    )
    table.state_forwards("ledger", before)
    return before


def harms(*of: object, survives: str = "") -> list[str]:
    """What is said of a migration with these operations."""
    migration = Migration("0099_x", "ledger")
    migration.operations = list(of)
    migration.survives = survives
    return upgrades.harms(migration, state())


SURVIVED = {
    "a new table": operations.CreateModel("Mill", [("id", models.BigAutoField(primary_key=True))]),
    "a column that may be empty": operations.AddField("tide", "a", models.IntegerField(null=True)),
    "a column that the database fills": operations.AddField("tide", "a", models.IntegerField(default=0, db_default=0)),
    "an index": operations.AddIndex("tide", models.Index(fields=["name"], name="x")),
    "a wider column": operations.AlterField("tide", "name", models.CharField(max_length=40)),
    "a column that may now be empty": operations.AlterField("tide", "name", models.CharField(max_length=20, null=True)),
    "other choices": operations.AlterField("tide", "name", models.CharField(max_length=20, choices=[("a", "b")])),
}
NOT_SURVIVED = {
    "a column with a default of ours": operations.AddField("tide", "a", models.IntegerField(default=0)),
    "a column less": operations.RemoveField("tide", "name"),
    "another name": operations.RenameField("tide", "name", "title"),
    "a table less": operations.DeleteModel("Tide"),
    "a narrower column": operations.AlterField("tide", "name", models.CharField(max_length=10)),
    "another type": operations.AlterField("tide", "name", models.IntegerField()),
    "no more empty": operations.AlterField("tide", "height", models.IntegerField()),
    "a constraint": operations.AddConstraint("tide", models.UniqueConstraint(fields=["name"], name="y")),
    "what nobody can see": operations.RunSQL("DROP TABLE tide"),
    "hidden": operations.SeparateDatabaseAndState([operations.RemoveField("tide", "name")]),
}


@pytest.mark.parametrize("how", SURVIVED)
def test_what_only_adds_is_survived(how):
    """Old workers name the columns they know."""
    assert harms(SURVIVED[how]) == []


@pytest.mark.parametrize("how", NOT_SURVIVED)
def test_what_takes_away_or_demands_is_not(how):
    """It is told with what to do instead; and excused only with a reason."""
    (sentence,) = harms(NOT_SURVIVED[how])
    assert sentence.endswith(".")
    assert harms(NOT_SURVIVED[how], survives="nobody writes there") == []


def test_a_table_of_the_same_migration_may_have_what_it_wants():
    """No old worker knows it."""
    table = operations.CreateModel("Mill", [("id", models.BigAutoField(primary_key=True))])
    assert harms(table, operations.AddConstraint("mill", models.UniqueConstraint(fields=["id"], name="z"))) == []


def test_every_migration_since_the_first_release_is_survived(settings):
    """The rule itself, for the migrations there are."""
    settings.MIGRATION_MODULES = {}
    loader = MigrationLoader(None)
    ours = sorted(name for app, name in loader.graph.nodes if app == "ledger")
    assert ours[0] == "0001_initial"
    for name in ours:
        if int(name[:4]) > upgrades.FIRST_RELEASE:
            before = loader.project_state(("ledger", name), at_end=False)
            assert upgrades.harms(loader.graph.nodes["ledger", name], before) == []


def test_the_database_agrees_that_an_insert_of_before_lives_on(transactional_db):
    """A column is added as the rule allows; an INSERT that does not know it still works."""
    added = models.IntegerField(default=7, db_default=7)
    assert harms(operations.AddField("tide", "surge", added)) == []
    added.set_attributes_from_name("surge")
    added.model = Group
    with connection.schema_editor() as editor:
        editor.add_field(Group, added)
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO auth_group (name) VALUES ('by an old worker')")
            cursor.execute("SELECT surge FROM auth_group")
            assert cursor.fetchall() == [(7,)]
    finally:
        with connection.schema_editor() as editor:
            editor.remove_field(Group, added)
