"""``sectionwire findings``: what the checks say, and what people made of it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pipeline.errors import Permanent
from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.flow.findings import Listed
    from pipeline.network import Network

DECISIONS = ("dismiss", "reopen")
EXCERPT = 90


class Command(console.Command):
    help = (
        "List what the checks found in the newest version of each translation: what blocks first. A finding is open "
        "until a later version no longer has it (fixed), or a person says why it is no fault (dismissed); a dismissal "
        "holds as long as source and translation of the segment stay what they are. Where the last one that blocked "
        "is dismissed, editions that were held go out."
    )
    examples = (
        "findings",
        "findings river-gauges --language pt",
        "findings --section brazil --check numbers --state all",
        'findings dismiss 17 --reason "the number is a street address"',
        "findings reopen 17",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "what",
            nargs="*",
            metavar="ARTICLE | dismiss ID | reopen ID",
            help="the article's key, its uid or the uid's beginning; or a decision and the finding's number",
        )
        parser.add_argument("--reason", default="", help="why a finding is dismissed, in a sentence")
        console.add_by(parser)
        parser.add_argument("--language", default="", metavar="TAG", help="of this language only")
        parser.add_argument("--section", default="", metavar="KEY", help="of this section's languages only")
        parser.add_argument("--check", default="", metavar="ID", help="of this check only, such as numbers")
        parser.add_argument("--severity", default="", choices=("block", "warn"), help="only what blocks, or only notes")
        parser.add_argument(
            "--state", default="open", choices=("open", "dismissed", "fixed", "all"), help="default: open"
        )
        console.add_json(parser, "print one JSON object per finding")

    def handle(self, *_: Any, what: list[str], by: str, reason: str, as_json: bool, **options: Any) -> None:
        if what and what[0] in DECISIONS:
            self._decide(what[0], _number(what), by or console.user(), console.one_line(reason))
            return
        if len(what) > 1:
            raise Permanent("One article at a time.", "Or none, for all: sectionwire findings")
        self._list(what[0] if what else "", as_json=as_json, **options)

    def _decide(self, decision: str, number: int, by: str, reason: str) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import findings, installation

        if decision == "reopen":
            opened = findings.reopen(number, by=by)
            self.say(f"Open again: {opened.message}")
            return
        done = findings.dismiss(number, by=by, why=reason, net=installation.network())
        self.say(f"Dismissed by {by}: {done.finding.message}")
        for edition in done.released:
            self.say(f"  nothing blocks {edition} any more: it is being published")

    def _list(
        self,
        article: str,
        *,
        as_json: bool,
        language: str,
        section: str,
        check: str,
        severity: str,
        state: Any,
        **_: Any,
    ) -> None:
        from pipeline.flow import findings, installation  # as above
        from pipeline.management import editions
        from pipeline.stages import check as checks

        net = installation.network()
        if check and check not in checks.ids():
            raise Permanent(f"There is no check “{check}”.", f"Use one of: {', '.join(checks.ids())}.")
        found = findings.listed(
            article=editions.find_article(article) if article else None,
            bases=_bases(net, language, section),
            check=check,
            severity=severity,
            state=state,
        )
        number = 0
        for each in found:
            number += 1
            if as_json:
                self.emit(_record(each))
            else:
                self._show(each)
        if not as_json:
            self._sum_up(number, state)

    def _sum_up(self, number: int, state: str) -> None:
        kind = "" if state == "all" else f"{state} "
        if not number:
            self.say(f"There are no {kind}findings.")
            return
        self.say("", f"{console.count(number, f'{kind}finding')}.")
        if state == "open":
            self.hint('What is no fault: sectionwire findings dismiss ID --reason "…"')

    def _show(self, each: Listed) -> None:
        finding, version = each.finding, each.finding.version
        sign = "■ blocks" if finding.severity == "block" else "! note"
        where = f"{version.translation.article} in {version.translation.base}"
        at = f", segment {finding.segment}" if finding.segment else ""
        self.say(f"{finding.pk:>5}  {sign}  {finding.check_id}  {where}{at}", f"       {finding.message}")
        if each.source:
            self.say(f"         {_excerpt(each.source)}", f"       → {_excerpt(each.target)}")
        if finding.state != "open":
            who = f" by {finding.decided_by}" if finding.decided_by else ""
            self.say(f"       {finding.state}{who}: {finding.why}")


def _number(what: list[str]) -> int:
    if len(what) != 2 or not what[1].isascii() or not what[1].isdigit() or len(what[1]) > 18:
        raise Permanent("Which finding?", f"Give its number: sectionwire findings {what[0]} 17")
    return int(what[1])


def _bases(net: Network, language: str, section: str) -> Collection[str] | None:
    """The bases that are asked for, or None for all.

    Raises:
        Permanent: no section has the key, or nobody publishes the language.
    """
    bases = None
    if section:
        bases = {each.base for each in net.section(section).languages}
    if language:
        base = net.base_for(net.check_source(language))
        if base not in net.bases:
            raise Permanent(f"Nothing is translated into {language}.", f"Use one of: {', '.join(net.bases)}.")
        bases = {base} if bases is None else bases & {base}
    return bases


def _excerpt(text: str) -> str:
    line = console.one_line(text)
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


def _record(each: Listed) -> dict[str, Any]:
    finding, version = each.finding, each.finding.version
    return {
        "id": finding.pk,
        "article": str(version.translation.article),
        "uid": str(version.translation.article.uid),
        "language": version.translation.base,
        "version": version.number,
        "check": finding.check_id,
        "severity": finding.severity,
        "segment": finding.segment,
        "message": finding.message,
        "source": each.source,
        "target": each.target,
        "state": finding.state,
        "decided_by": finding.decided_by,
        "decided_at": finding.decided_at,
        "why": finding.why,
    }
