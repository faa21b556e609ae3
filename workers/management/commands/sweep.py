"""``sectionwire sweep``: one sweep, here and now."""

from __future__ import annotations

from typing import Any

from pipeline.flow.sweep import sweep
from pipeline.management import console
from workers.bell import ring


class Command(console.Command):
    help = "Free the rows of dead workers, wake translations whose model has come, and ring every lane with due work."

    def handle(self, *_: Any, **__: Any) -> None:
        swept = sweep()
        rung = [lane for lane in swept.lanes if ring(lane)]
        self.stdout.write(
            f"Freed {swept.released} rows of dead workers, woke {swept.woken} translations, "
            f"rang {', '.join(rung) if rung else 'no lane'}."
        )
        if unheard := sorted(set(swept.lanes) - set(rung)):
            self.stderr.write(f"No broker took the bells of {', '.join(unheard)}: is it running?")
            raise SystemExit(1)
