"""Which checks there are, how severe each is here, and what other packages bring."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from pipeline.documents import CheckFinding, CleanDocument, Metadata, Origin, Severity, TranslatedSegment
from pipeline.errors import Permanent
from pipeline.network import parse
from pipeline.stages import check, segment
from pipeline.stages.check import registry

DOCUMENT = segment.segment(CleanDocument(Metadata(language="en"), "<p>12 boats?</p>"))
TARGET = [TranslatedSegment("b1", "21 barcos", Origin.ENGINE)]
NETWORK = """
[organisation]
name = "Tidewater Relief"
{checks}
[outputs.site]
type = "folder"
base_url = "https://example.org"
[[sections]]
key = "portugal"
name = "Tidewater Relief Portugal"
country = "PT"
time_zone = "Europe/Lisbon"
languages = [{{ tag = "pt-PT", base = "pt" }}]
outputs = ["site"]
"""


class Hotline:
    """What another package may bring."""

    id = "hotline"
    name = "The hotline is there"
    severity = Severity.BLOCK

    def run(self, translation):
        yield CheckFinding(self.id, self.severity, "", f"{len(translation.read)} segment read")


class Numbers(Hotline):
    id = "numbers"


class Loud(Hotline):
    id, severity = "loud", "loud"


class Crashing(Hotline):
    """One that always fails."""

    id, severity = "crashing", Severity.WARN

    def run(self, translation):
        raise RuntimeError


@pytest.fixture
def packages(monkeypatch):
    """Entry points as if packages were installed that bring them."""

    def install(**points: str) -> None:
        found = [EntryPoint(name, f"{__name__}:{value}", registry.GROUP) for name, value in points.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: found)
        registry.others.cache_clear()

    yield install
    registry.others.cache_clear()


def severities(**configured: str) -> dict[str, str]:
    found = check.run(DOCUMENT, TARGET, "en", "pt", (), check.configured(configured))
    return {finding.check: finding.severity.value for finding in found}


def test_checks_are_as_severe_as_the_network_says():
    assert severities() == {"numbers": "warn", "punctuation": "warn"}
    assert severities(numbers="block", punctuation="off") == {"numbers": "block"}


def test_a_severity_of_the_network_holds_for_all_findings_of_a_check():
    document = segment.segment(CleanDocument(Metadata(language="en"), "<p>The river rose in the night.</p>"))
    target = [TranslatedSegment("b1", "The river rose in the night.", Origin.ENGINE)]
    found = check.run(document, target, "en", "pt", (), check.configured({"untranslated": "warn"}))
    assert [(f.check, f.severity) for f in found] == [("untranslated", Severity.WARN)] * 2


def test_the_network_file_takes_the_three_words_only():
    net = parse(NETWORK.format(checks='[checks]\nnumbers = "block"\n'))
    assert net.checks == {"numbers": "block"}
    with pytest.raises(Permanent, match=r"network.toml:5: checks.numbers: .*'off', 'warn' or 'block'"):
        parse(NETWORK.format(checks='[checks]\nnumbers = "loud"\n'))


def test_another_package_may_bring_a_check(packages):
    packages(hotline="Hotline")
    assert "hotline" in check.ids()
    assert severities()["hotline"] == "block"
    assert severities(hotline="warn")["hotline"] == "warn"
    assert "hotline" not in severities(hotline="off")


def test_a_check_that_cannot_be_loaded_is_a_finding(packages):
    packages(hotline="Nothing")
    found = check.run(DOCUMENT, TARGET, "en", "pt", (), check.configured({}))
    [finding] = [f for f in found if f.check == "hotline"]
    assert finding.severity is Severity.WARN
    assert "can't be loaded (AttributeError" in finding.message


def test_a_check_that_calls_itself_otherwise_is_not_loaded(packages):
    packages(phone="Hotline")
    [other] = registry.others()
    assert isinstance(other, registry.Missing)
    assert "calls itself 'hotline'" in other.reason


def test_a_check_without_a_severity_is_not_loaded(packages):
    packages(loud="Loud")
    [other] = registry.others()
    assert isinstance(other, registry.Missing)
    assert "'loud' is not a valid Severity" in other.reason


def test_a_check_that_crashes_blocks_where_the_network_makes_it_block(packages):
    packages(crashing="Crashing")
    assert severities()["crashing"] == "warn"
    assert severities(crashing="block")["crashing"] == "block"


def test_nobody_takes_the_id_of_one_of_ours(packages):
    packages(numbers="Numbers")
    assert check.ids().count("numbers") == 1
    assert not registry.others()
