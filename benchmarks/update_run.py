"""The flow of one article in a fresh ledger, inline, with what the engine was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - the applications are loaded now
from django.db import transaction  # noqa: E402

from pipeline.documents import Failure, Hop, Metadata, Origin, Route, Submission  # noqa: E402
from pipeline.engines import registry  # noqa: E402
from pipeline.engines.host import EngineHost  # noqa: E402
from pipeline.flow import bell, decisions, engines, installation, prepare, publish, translate, versions  # noqa: E402
from pipeline.flow.submit import submit  # noqa: E402
from pipeline.ledger.models import Edition, Version  # noqa: E402
from pipeline.ledger.models.translations import unpack_segments  # noqa: E402
from pipeline.management.homes import ensure_home  # noqa: E402

CORRECTED = "b3"
"""The segment that a person corrects."""


def ready(home: Path) -> None:
    """Make the ledger."""
    ensure_home(home)
    call_command("migrate", verbosity=0, interactive=False)


class Run:
    """The engines of the flow, with everything that they were asked for. Use it as a context manager."""

    def __init__(self, home: Path) -> None:
        self.models = home / "models"
        self.host = EngineHost(self.models, ["firefox"], 2)
        self.characters = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.host.close()

    def hops(self) -> list[Hop]:
        """The models that come with Sectionwire."""
        return [model.hop for model in registry.installed(self.models, ["firefox"])]

    def translate(self, route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        """As the host does, counted."""
        self.characters += sum(map(len, sentences))
        return self.host.translate(route, sentences)

    def submit(self, key: str, html: str) -> int:
        """Hand an article in and let it be translated. Returns the characters that the engine was given for it."""
        before = self.characters
        with bell.muffled():
            engines.beat("benchmark", self.hops(), [], first=True)
            meta = Metadata(title=f"Report of the river post, {key}", key=key, language="en", kind="news")
            submit(Submission(f"{key}.html", html.encode(), meta))
            prepare.run()
            translate.run("pt", self)
            publish.run("site")
        return self.characters - before

    def correct_and_approve(self, key: str) -> dict[str, str]:
        """A person mends a segment and the section approves. Returns the approved targets by source text."""
        edition = self._edition(key)
        version = edition.candidate
        assert version is not None
        segments = tuple(
            replace(each, target=f"{each.target} (Corrigido.)", origin=Origin.PERSON) if each.key == CORRECTED else each
            for each in unpack_segments(version.segments)
        )
        net = installation.network()
        with bell.muffled():
            with transaction.atomic():
                versions.add(
                    edition.translation, version.revision, segments, author="Ana", origin=Version.By.PERSON, net=net
                )
            edition = self._edition(key)
            decisions.approve(edition.pk, by="Ana", net=net, dismiss="it is a benchmark")
            publish.run("site")
        approved = self._edition(key).approved
        assert approved is not None
        return self._by_source(approved)

    def lost(self, key: str, before: Mapping[str, str]) -> list[str]:
        """What of the approved text does not stand in the version that waits now, although its source is the same."""
        edition = self._edition(key)
        if before and (edition.approved is None or not edition.path):
            return ["the live version"]
        assert edition.candidate is not None
        after = self._by_source(edition.candidate)
        return [target for source, target in before.items() if source in after and after[source] != target]

    @staticmethod
    def _edition(key: str) -> Edition:
        related = ("translation__article", "translation__version", "candidate__revision", "approved__revision")
        return Edition.objects.select_related(*related).get(article__key=key)

    @staticmethod
    def _by_source(version: Version) -> dict[str, str]:
        sources = {key: source for key, _, source, _ in version.revision.text.segments}
        return {sources[key]: target for key, target in version.targets.items()}
