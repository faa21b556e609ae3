"""network.toml: what is wrong is said with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Permanent
from pipeline.network import Network, load, parse

EXAMPLE = Path("config/network.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def network() -> Network:
    """The documented example."""
    return load(Path("config/network.toml"))


def line_number(text: str, wanted: str) -> int:
    """Where a piece of text stands first."""
    return text[: text.index(wanted)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "says", "remedy"),
    [
        ('country = "BR"', 'country = "XX"', "“XX” is no country", "two capital letters"),
        ('tag = "es-MX"', 'tag = "qqq-ZZ9"', "“qqq-ZZ9” is no language", "BCP 47"),
        ('tag = "ur-PK", base = "ur"', 'tag = "ur-PK", base = "en"', "can't stand on the base en", "same language"),
        ('follows = "portugal"', 'follows = "angola"', "follows itself", "Name another section"),
        ('follows = "portugal"', 'follows = "peru"', "which is no section", "Name one of: portugal"),
        ('follows = "portugal"', 'follows = "mexico"', "mexico does not publish it", "shares its languages"),
        ('pivot = "en"', 'pivto = "en"', "unknown key", "mend its spelling"),
        ('time_zone = "Europe/Lisbon"', 'time_zone = "Lisbon"', "“Lisbon” is no time zone", "Europe/Lisbon"),
        ("depth = 256", 'depth = "deep"', "limits.depth", "Mend this value"),
        ('key = "canada"', 'key = "mexico"', "two sections have the key mexico", "Rename"),
        ('key = "canada"', 'key = "Can ada"', "can't be a key", "small letters"),
        ("http://127.0.0.1:8300/{section}", "nowhere", "“nowhere” is no address", "https://"),
    ],
)
def test_a_fault_is_told_with_line_and_remedy(old, new, says, remedy):
    """One line: file, line, what is wrong, what to do."""
    broken = EXAMPLE.replace(old, new, 1)
    with pytest.raises(Permanent) as caught:
        parse(broken, "network.toml")
    message = str(caught.value)
    assert says in message
    assert remedy in message
    told = int(message.split(":")[1])
    assert abs(told - line_number(broken, new)) <= 1 or "two sections" in message


def test_an_unknown_policy_lists_the_known_ones():
    """The remedy names what is allowed."""
    broken = EXAMPLE.replace('policy = "lead"', 'policy = "leed"')
    with pytest.raises(Permanent, match="'review', 'lead' or 'auto'") as caught:
        parse(broken)
    assert f":{line_number(broken, 'leed')}:" in str(caught.value)


def test_a_lead_without_a_leader_is_refused():
    """Policy and follows belong together."""
    with pytest.raises(Permanent, match="follows nobody"):
        parse(EXAMPLE.replace('follows = "portugal"\n', ""))


def test_two_sections_that_follow_each_other_are_refused():
    """Nobody would ever decide."""
    broken = EXAMPLE.replace('policy = "review"', 'policy = "lead"\nfollows = "angola"', 1)
    with pytest.raises(Permanent, match="One of them must decide"):
        parse(broken)


def test_broken_toml_names_the_line():
    """The parser's own position is passed on."""
    with pytest.raises(Permanent, match=r"my\.toml:2: this is no TOML"):
        parse("[organisation]\nname = \n", "my.toml")


def test_a_missing_file_says_how_to_make_one(tmp_path):
    """Not a traceback."""
    with pytest.raises(Permanent, match="sectionwire init"):
        load(tmp_path / "network.toml")


def test_a_file_in_another_encoding_is_told(tmp_path):
    """Latin-1 is no TOML."""
    (tmp_path / "network.toml").write_bytes(b"# \xe9\xff\n")
    with pytest.raises(Permanent, match="UTF-8"):
        load(tmp_path / "network.toml")


@pytest.mark.parametrize(
    ("tag", "base"),
    [("pt-AO", "pt"), ("en-GB", "en"), ("es-419", "es"), ("ur", "ur"), ("de", "de"), ("zh-TW", "zh-TW")],
)
def test_a_language_stands_on_the_base_of_its_language_and_script(network, tag, base):
    """Never cut at the hyphen; what fits nowhere stands alone."""
    assert network.base_for(tag) == base


def test_scripts_never_share_a_base():
    """zh-Hant does not stand on zh-Hans."""
    with pytest.raises(Permanent, match="two scripts"):
        parse(EXAMPLE.replace('tag = "es-MX", base = "es"', 'tag = "zh-TW", base = "zh-Hans"'))


@pytest.mark.parametrize("tag", ["xx", "klingon", "", "-", "en_US_POSIX_x"])
def test_a_source_language_that_is_none_is_refused(network, tag):
    """An unknown language gets one clear line."""
    with pytest.raises(Permanent, match="is no language"):
        network.check_source(tag)


def test_a_source_language_that_nobody_publishes_is_refused(network):
    """With the languages that would do."""
    with pytest.raises(Permanent, match=r"Nobody in this network writes or publishes in Icelandic \(is\).*pt, en"):
        network.check_source("is")


@pytest.mark.parametrize(
    ("kind", "tags", "source", "refusal"),
    [
        ("news", (), "en", ""),
        ("opinion", (), "en", "takes only kinds: news"),
        ("news", ("ice",), "en", "takes nothing tagged ice"),
        ("news", (), "fr", "takes only articles written in en"),
    ],
)
def test_target_rules_say_why_not(network, kind, tags, source, refusal):
    """Kinds, tags and source languages."""
    rule = type(network.sections[0].targets)(kinds=("news",), not_tags=("ice",), source_languages=("en",))
    assert rule.refusal(kind, tags, source) == refusal
