"""``sectionwire batch``: the runs of schedules."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import Permanent, Transient
from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.flow.batches.overview import View
    from pipeline.flow.batches.steps import Step
    from pipeline.ledger.models import BatchRun
    from pipeline.network import Schedule

LOOK_SECONDS: Final = 0.5
UNHEARD_SECONDS: Final = 20.0
"""After so long somebody is told why nothing happens."""


class Command(console.Command):
    help = (
        "What schedules of network.toml have done, and will do. A run fetches from sources, translates, retries, "
        "releases, rebuilds, verifies, tidies, sends digests: whatever its schedule says (docs/schedules.md). run does "
        "it now, and shows how it goes; Ctrl-C then ends the showing, not the run: stop does, after the piece in hand."
    )
    examples = (
        *("batch list", "batch run night", "batch show night", "batch stop night"),
        *("batch pause night", "batch list --json"),
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(
            dest="action", required=True, metavar="list | run | show | stop | pause | resume"
        )

        def add(name: str, what: str) -> ArgumentParser:
            made: ArgumentParser = actions.add_parser(
                name, help=what, description=console.sentence(what), formatter_class=console.HelpFormatter
            )
            if name != "list":
                many = "?" if name in {"show", "stop"} else None
                made.add_argument("schedule", metavar="KEY", nargs=many, help="the schedule's key, as in network.toml")
            return made

        console.add_json(add("list", "say when each schedule is due, and how its last run went"))
        run = add("run", "run a schedule now, also while it is paused")
        run.add_argument("--no-wait", action="store_true", help="only ask for it")
        console.add_by(run)
        console.add_json(run, "print the run as JSON when it is over")
        show = add("show", "report what a run did: the last one of a schedule, or --run NUMBER")
        show.add_argument("--run", type=int, default=0, metavar="NUMBER", help="this run")
        console.add_json(show)
        stop = add("stop", "end a run after the piece in hand: the one at work of a schedule, or --run NUMBER")
        stop.add_argument("--run", type=int, default=0, metavar="NUMBER", help="this run")
        console.add_by(stop)
        console.add_by(add("pause", "let due times pass, until it is resumed"))
        add("resume", "run it again from its next due time on; what passed is not made up for")

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation
        from pipeline.flow.batches import overview

        net = installation.network()
        if action == "list":
            self._list(overview.schedules(net), as_json=options["as_json"])
            return
        if options.get("run"):
            run = overview.find(options["run"])
            if action == "show":
                self._show(run, as_json=options["as_json"])
            else:
                self._stop(run, options["by"] or console.user())
            return
        if not options["schedule"]:
            raise Permanent("Which run?", "Name a schedule, or --run NUMBER; see them: sectionwire batch list")
        schedule = net.schedule(options["schedule"])
        if action == "run":
            self._run(
                schedule, options["by"] or console.user(), wait=not options["no_wait"], as_json=options["as_json"]
            )
        elif action == "show":
            self._show(overview.last_of(schedule), as_json=options["as_json"])
        elif action == "stop":
            self._stop_current(schedule, options["by"] or console.user())
        elif action == "pause":
            done = overview.pause(schedule, options["by"] or console.user())
            self.say(f"{schedule.key} {'is paused' if done else 'was paused already'}: due times pass.")
        else:
            done = overview.resume(schedule)
            coming = overview.view(schedule).coming[0]
            was = "runs again" if done else "was not paused"
            self.say(f"{schedule.key} {was}: the next time on {_moment(coming, schedule)}.")

    def _list(self, views: list[View], *, as_json: bool) -> None:
        if as_json:
            self.emit([_record(view) for view in views])
            return
        for view in views:
            self.say(f"{view.schedule.key}  {view.schedule.cron} ({view.schedule.time_zone})  {_when(view)}")
            self.say(f"    {', '.join(view.schedule.actions)}")
            for run in (view.now, view.last):
                if run is not None:
                    self.say(f"    {_line(run, view.schedule)}")
        if not views:
            self.say("There are no schedules.")
            self.hint("Add [[schedules]] to network.toml; docs/schedules.md tells how.")

    def _run(self, schedule: Schedule, by: str, *, wait: bool, as_json: bool) -> None:
        from pipeline.flow.batches import overview  # as above

        run, new = overview.request(schedule, by)
        if not wait:
            if as_json:
                self.emit(overview.record(run))
            else:
                self.say(f"Run {run.pk} of {schedule.key} is {'asked for' if new else 'asked for already'}.")
            return
        run = self._follow(run)
        self._show(run, as_json=as_json)
        if overview.phase(run) in ("trouble", "failed", "stopped"):
            raise SystemExit(1)

    def _stop_current(self, schedule: Schedule, by: str) -> None:
        from pipeline.flow.batches import overview, stopping  # as above

        run = stopping.current(schedule)
        if run is None:
            self.say(f"{schedule.key}: no run is at work.")
            return
        self._stop(run, by)
        for next_one in overview.waiting(schedule).exclude(pk=run.pk):
            self.hint(f"Run {next_one.pk} comes after it; to leave that out as well: batch stop --run {next_one.pk}")

    def _stop(self, run: BatchRun, by: str) -> None:
        from pipeline.flow.batches import stopping  # as above

        said = {
            stopping.Answer.ASKED: "ends after the piece in hand; the rest is left out",
            stopping.Answer.ALREADY: "is asked to stop already: it ends after the piece in hand",
            stopping.Answer.LEFT_OUT: "had not begun, and is left out",
            stopping.Answer.ENDING: "has done everything already; only its report is still to be made",
            stopping.Answer.OVER: "is over already",
        }
        self.say(f"Run {run.pk} of {run.schedule} {said[stopping.request(run.pk, by)]}.")

    def _follow(self, run: BatchRun) -> BatchRun:
        """Show how a run goes until it is over."""
        from pipeline.flow.batches import overview  # as above

        asked, told = time.monotonic(), False
        with self.progress() as bar:
            task = bar.add_task(run.schedule, total=1.0)
            while not run.is_over:
                time.sleep(LOOK_SECONDS)
                run = overview.find(run.pk)
                bar.update(task, completed=overview.share(run), description=_doing(run))
                if not told and not run.has_begun and time.monotonic() - asked > UNHEARD_SECONDS:
                    told = True
                    self.hint(run.reason or "Nobody has begun yet: does a worker serve the lane batch? sectionwire up")
                if run.status == "failed":
                    raise Transient(f"Run {run.pk} could not be ended: {run.reason}", "See: sectionwire batch show")
        return run

    def _show(self, run: BatchRun, *, as_json: bool) -> None:
        from pipeline.flow import installation  # as above
        from pipeline.flow.batches import overview
        from pipeline.flow.batches import report as reports

        if as_json:
            self.emit(overview.record(run) | {"report": reports.read(run)})
            return
        zone = next((each for each in installation.network().schedules if each.key == run.schedule), None)
        self.say(_line(run, zone))
        for step in overview.steps_of(run):
            self._step(step)
        if facts := reports.read(run):
            self._facts(facts)

    def _step(self, step: Step) -> None:
        counts = ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in step.counts.items())
        state = f"{step.share:.0%}" if step.state == "running" else step.state.replace("_", " ")
        self.say(f"  {step.action}: {state}{f': {counts}' if counts else ''}{f' ({step.said})' if step.said else ''}")
        for note in step.notes:
            self.say(f"    {note}")
        for problem in step.problems:
            self.say(f"    ✗ {problem.what}: {problem.why} {problem.remedy}".rstrip())
        if step.more_problems:
            self.say(f"    … and {step.more_problems} more")

    def _facts(self, report: dict[str, Any]) -> None:
        came = report["came_in"]
        self.say(f"  came in: {console.count(came['articles'], 'article')}, {console.count(came['updates'], 'update')}")
        if report["translated"]:
            self.say(f"  translated: {_pairs(report['translated'])}")
        for out in report["went_out"]:
            self.say(f"  went out: {out['section']} at {out['output']}: {out['pages']:,} ({out['action']})")
        for row in report["waits"]["people"]:
            self.say(f"  waits: {row['section']}: {row['editions']:,} {row['state'].replace('_', ' ')}")
        if models := report["waits"]["models"]:
            self.say(f"  waits for a model: {_pairs(models)}")
        if failed := report["failed"]["counts"]:
            self.say(f"  failed, and waits for you: {_pairs(failed)}")
            for each in report["failed"]["named"]:
                self.say(f"    ✗ {each['what']}: {each['why']} {each['remedy']}".rstrip())


def _pairs(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())


def _moment(at: datetime, schedule: Schedule | None) -> str:
    return f"{at.astimezone(schedule.zone):%Y-%m-%d %H:%M %Z}" if schedule else f"{at:%Y-%m-%d %H:%M} UTC"


def _when(view: View) -> str:
    if view.paused_at:
        return f"paused by {view.paused_by} since {_moment(view.paused_at, view.schedule)}"
    return f"next: {_moment(view.coming[0], view.schedule)}" if view.coming else "never again"


def _doing(run: BatchRun) -> str:
    from pipeline.flow.batches import overview  # as above

    step = next((step for step in overview.steps_of(run) if step.state == "running"), None)
    if step is None:
        return run.schedule if run.has_begun else f"{run.schedule} waits to begin"
    return f"{run.schedule}: {step.action}{f' ({step.said})' if step.said else ''}"


def _line(run: BatchRun, schedule: Schedule | None) -> str:
    from pipeline.flow.batches import overview, stopping  # as above

    by = f", asked for by {run.requested_by}" if run.requested_by else ""
    missed = f", also for {console.count(run.missed, 'missed time')}" if run.missed else ""
    phase = overview.phase(run)
    share = f" ({overview.share(run):.0%})" if phase == "running" else ""
    took = f" in {(run.ended_at - run.started_at).total_seconds():,.0f} s" if run.ended_at and run.started_at else ""
    why = f": {run.reason}" if run.reason else ""
    if not run.is_over and (stop := stopping.wish(run.report)):
        why += f"; {stop['by']} has asked to stop it"
    return f"run {run.pk} of {_moment(run.planned_at, schedule)}{by}{missed}: {phase}{share}{took}{why}"


def _record(view: View) -> dict[str, Any]:
    from pipeline.flow.batches import overview  # as above

    now, last = view.now, view.last
    return {
        "schedule": view.schedule.key,
        "name": view.schedule.title,
        "cron": view.schedule.cron,
        "time_zone": view.schedule.time_zone,
        "actions": view.schedule.actions,
        "catch_up": view.schedule.catch_up,
        "paused_by": view.paused_by or None,
        "paused_at": view.paused_at,
        "coming": view.coming,
        "now": overview.record(now) if now else None,
        "last": overview.record(last) if last else None,
    }
