"""Versions get their title beside their segments, and editions their own: my desk searches them."""

from django.db import migrations
from django.db.models.fields.json import KeyTextTransform, KeyTransform


def title_versions(apps, schema_editor):
    versions = apps.get_model("ledger", "Version").objects.filter(title="", segments__0__key="title")
    versions.update(title=KeyTextTransform("target", KeyTransform("0", "segments")))


def title_editions(apps, schema_editor):
    editions = apps.get_model("ledger", "Edition").objects.exclude(overlay=[]).only("overlay", "own_title")
    for edition in editions.iterator(chunk_size=500):
        own = next((row["target"] for row in edition.overlay if row["key"] == "title"), "")
        if own:
            edition.own_title = own
            edition.save(update_fields=["own_title"])


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_whole_way")]

    operations = [
        migrations.RunPython(title_versions, migrations.RunPython.noop),
        migrations.RunPython(title_editions, migrations.RunPython.noop),
    ]
