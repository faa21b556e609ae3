"""The command ``sectionwire``: Django management commands behind one entry point, with a help that teaches."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

OVERVIEW: Final = """\
Sectionwire carries an article to every national section, in its languages, under its own editors.

Usage: sectionwire COMMAND [options]        sectionwire COMMAND --help

Start here
  init FOLDER        make an installation: its network.toml, its ledger
  up                 run everything on this machine: broker, workers, beat, web
  doctor             is everything in order, and what to do if not

Articles
  submit FILE…       put articles into the queue
  sources list | fetch | items
                     feeds, folders and sites where articles are found
  status [ARTICLE]   where is it, per section and language, and why
  approve | return | reject ARTICLE SECTION
                     decide on what waits for review
  findings [ARTICLE] what the checks found; dismiss ID --reason, reopen ID
  retranslate        translate again: an article, a language, --engine-changed, --term
  retry [ARTICLE]    try again what failed, once the cause is mended
  correct ARTICLE    tell readers what a new text puts right
  revert ARTICLE SECTION
                     publish an earlier version again
  withdraw ARTICLE [SECTION]
                     take it back from its readers everywhere; --undo
  release [ARTICLE]  hold it until all are ready; what waits, and for whom
  publish            send what is due, here and now; --retry what failed; verify what outputs hold
  numbers [NAME]     coverage, backlog, speed, acceptance, edit distance, throughput
  erase article UID | person NAME
                     for good; shows first what would go

Sections
  sections list | check | apply
                     one is renamed, moves, splits or retires: what follows

Words
  glossary list | add | remove | import | export
                     how terms are translated, and which are not
  memory stats | search | import | export
                     what people approved, used again; TMX in and out
  import --existing PATH
                     articles with the translations that they have already

Files, without the ledger
  clean FILE…        clean HTML, Markdown or JSON to plain, safe HTML
  translate FILE…    clean and translate: --from en --to pt

Models
  models list | install | update | remove
                     which languages can be translated here, and which could be
  align [FROM TO]    learn from the memory where links and emphasis belong

People
  people list | add | role | link | remove
                     who works at the review desk, in which sections
  digest             e-mail editors what waits for them; --dry-run shows it

Programs
  tokens create | list | revoke
                     who may call the API at /api/v1, and for which sections
  webhooks add | list | test | deliveries | enable | remove
                     who is told what happens, and whether it arrived

Safekeeping
  backup FILE        the ledger, network.toml, theme; while everything runs
  restore FILE       a backup into an empty ledger; --check looks at it only

By itself
  batch list | run | show | stop | pause | resume
                     what schedules did and will do, by night and in the morning

Several machines
  worker             one worker: --lanes prepare,publish,translate
  beat               the clock that starts the sweep, and the runs of schedules
  sweep              one sweep now: free dead leases, ring where work is due
  web                where every article is, in a browser
  serve              look at the published sites on this machine
  migrate, createsuperuser, …
                     Django's own commands work as well
"""


WITHOUT_LEDGER: Final = frozenset(["clean", "translate"])
"""Commands that work on files. Django's models, and all that belongs to them, are not loaded for them: that would take
longer than to clean a file."""


def main() -> int:
    """Run a command. Returns its exit status; a foreseen failure is one clear line on standard error."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version  # slow to import, and nothing else here needs it

        print(f"sectionwire {version('sectionwire')}")  # noqa: T201
        return 0
    if len(sys.argv) < 2 or (sys.argv[1] in {"-h", "--help", "help"} and len(sys.argv) == 2):
        print(OVERVIEW, end="")  # noqa: T201 - a command's output
        return 0
    # Imported here: the overview needs no Django, and comes at once.
    from django.core.exceptions import ImproperlyConfigured

    from pipeline.errors import PipelineError

    try:
        _run(["sectionwire", *sys.argv[1:]])
    except (PipelineError, ImproperlyConfigured) as error:
        print(f"sectionwire: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("sectionwire: stopped.", file=sys.stderr)  # noqa: T201
        return 130
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _run(arguments: Sequence[str]) -> None:
    if arguments[1] in WITHOUT_LEDGER:
        command = importlib.import_module(f"pipeline.management.commands.{arguments[1]}").Command()
        command.run_from_argv(list(arguments))
        return
    from django.core.management import execute_from_command_line  # as above

    execute_from_command_line(list(arguments))
