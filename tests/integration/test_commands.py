"""The command line, as a person types it: what it says, what it writes, and how it fails."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command, get_commands, load_command_class

from config.cli import OVERVIEW
from pipeline.errors import Permanent
from pipeline.flow import status
from pipeline.ledger.models import Article, Delivery, Edition, Revision, Status, Translation
from pipeline.management import console, files, ports, show, site_server
from tests.flow.conftest import NETWORK
from tests.services import free_port
from workers.embedded import wait_for

OURS = sorted(name for name, app in get_commands().items() if app in {"pipeline", "workers"})
FRAGMENT = '<p onclick="x()">The <b>water</b> rose.</p>'


@dataclass
class Said:
    """What a command said, and its exit status."""

    out: str
    err: str
    status: int

    @property
    def records(self) -> list[dict]:
        """Its lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


def sectionwire(*arguments: str | Path) -> Said:
    """Run a command in this process, on the test's ledger."""
    out, err, exit_status = io.StringIO(), io.StringIO(), 0
    try:
        call_command(str(arguments[0]), *map(str, arguments[1:]), stdout=out, stderr=err)
    except SystemExit as error:
        exit_status = int(error.code or 0)
    return Said(out.getvalue(), err.getvalue(), exit_status)


def process(*arguments: str | Path, **environment: str) -> Said:
    """Run a command in a process of its own, away from the test's ledger."""
    env = {**os.environ, "SECTIONWIRE_HOME": "", **environment}
    env.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", "config", *map(str, arguments)], env=env, capture_output=True, text=True, check=False
    )
    return Said(done.stdout, done.stderr, done.returncode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a person keeps files."""
    path = tmp_path / "files"
    path.mkdir()
    return path


def article(folder: Path, name: str = "flood.html", *, key: str = "flood", text: str = "The water rose.") -> Path:
    """A file with an article in it."""
    path = folder / name
    path.write_text(
        f"---\ntitle: Flood report\nlanguage: en\nkind: news\nkey: {key}\n---\n<p>{text}</p>\n", encoding="utf-8"
    )
    return path


# help


@pytest.mark.parametrize("name", OURS)
def test_every_command_teaches_itself_and_hides_what_is_djangos(name):
    """Its help has a description, and none of the options that Django gives to everything."""
    command = load_command_class(get_commands()[name], name)
    text = command.create_parser("sectionwire", name).format_help()
    assert command.help.strip().endswith((".", ")"))
    if isinstance(command, console.Command):
        assert "--settings" not in text
        assert "--pythonpath" not in text


@pytest.mark.parametrize("name", sorted(set(OURS) - {"demo"}))
def test_the_overview_names_every_command(name):
    """Whoever types ``sectionwire`` sees all of them; the demo belongs to script/demo."""
    assert name in OVERVIEW.split()


@pytest.mark.parametrize("name", OURS)
def test_the_examples_of_a_help_are_accepted_by_its_parser(name):
    """What a help shows can be typed."""
    import shlex

    command = load_command_class(get_commands()[name], name)
    for example in getattr(command, "examples", ()):
        words = shlex.split(example.partition(" > ")[0].partition(" < ")[0])
        assert words[0] == name
        command.create_parser("sectionwire", name).parse_args(words[1:])


# init


def test_init_makes_an_installation_that_works_and_keeps_it_when_repeated(tmp_path):
    """A new folder has its network file with the given name, a migrated ledger and a key for its owner only."""
    home = tmp_path / "news room"
    made = process("init", home, "--name", "Coast & “River” Aid")
    assert made.status == 0, made.err
    assert "sectionwire up" in made.out
    network = (home / "network.toml").read_text(encoding="utf-8")
    assert 'name = "Coast & “River” Aid"' in network
    assert "# The network: who publishes what" in network
    assert (home / ".sectionwire" / "secret-key").stat().st_mode & 0o077 == 0
    assert "no article yet" in process("status", SECTIONWIRE_HOME=str(home)).out
    again = process("init", home, "--name", "Other")
    assert again.status == 0
    assert "already" in again.out
    assert "stays as it is" in again.err
    assert (home / "network.toml").read_text(encoding="utf-8") == network


def test_init_refuses_a_folder_with_other_files(folder):
    """Nothing is put beside somebody's files."""
    before = article(folder)
    with pytest.raises(Permanent, match="holds other files"):
        sectionwire("init", folder)
    with pytest.raises(Permanent, match="is no folder"):
        sectionwire("init", before)
    assert list(folder.iterdir()) == [before]


def test_a_ledger_that_is_not_set_up_is_one_clear_line(tmp_path):
    """No traceback, and the command that helps: with an installation and without one."""
    (tmp_path / ".sectionwire").mkdir()
    said = process("status", SECTIONWIRE_HOME=str(tmp_path))
    assert (said.status, said.err) == (
        1,
        "sectionwire: The ledger is not set up, or older than this program. Run: sectionwire migrate\n",
    )
    said = process("status", SECTIONWIRE_HOME=str(tmp_path / "nowhere"))
    assert said.status == 1
    assert "There is no installation in" in said.err
    assert said.err.count("\n") == 1


# submit


def test_submit_says_what_became_of_each_file(desk, folder):
    """New, unchanged, updated: one line each, and a hint as nothing runs here."""
    path = article(folder)
    first = sectionwire("submit", path)
    assert first.out.startswith("new ")
    assert "flood “Flood report” is in the queue" in first.out
    assert "sectionwire up" in first.err
    again = sectionwire("submit", path)
    assert again.out.startswith("unchanged ")
    assert again.err == ""
    article(folder, text="The water rose by two metres.")
    assert sectionwire("submit", path, "--json").records == [
        {
            "file": str(path),
            "outcome": "updated",
            "article": Article.objects.get().uid,
            "key": "flood",
            "title": "Flood report",
            "revision": 2,
        }
    ]


def test_a_file_that_fails_does_not_stop_the_others(desk, folder):
    """Each failure is told with its remedy; the exit status says that there was one."""
    (folder / "empty.html").write_bytes(b"")
    article(folder)
    said = sectionwire("submit", folder / "empty.html", folder / "none.html", folder / "flood.html")
    assert said.status == 1
    assert "empty.html is empty. " in said.err
    assert "none.html does not exist. " in said.err
    assert Article.objects.get().key == "flood"
    failed = sectionwire("submit", folder / "empty.html", "--json")
    assert failed.status == 1
    assert failed.records[0]["outcome"] == "failed"


def test_a_folder_stands_for_the_articles_in_it(desk, folder):
    """Known suffixes, at any depth, nothing hidden; a folder without articles is refused."""
    (folder / "deep").mkdir()
    (folder / ".git").mkdir()
    article(folder, "deep/one.html", key="one")
    article(folder, "two.md", key="two")
    article(folder, ".git/three.html", key="three")
    article(folder, "four.txt", key="four")
    assert sectionwire("submit", folder).status == 0
    assert {each.key for each in Article.objects.all()} == {"one", "two"}
    (folder / "bare").mkdir()
    with pytest.raises(Permanent, match="There is no article in the folder"):
        sectionwire("submit", folder / "bare")


def test_what_is_said_on_the_command_line_wins_over_the_file(desk, folder):
    """Title, key, language, tags, embargo, urgency and who it was."""
    path = article(folder)
    options = ["--title", "Other", "--key", "k", "--tag", "a, b", "--tag", "c", "--by", "Ada", "--urgent"]
    assert sectionwire("submit", path, *options, "--embargo", "2030-01-01T08:00+01:00").status == 0
    revision = Revision.objects.get()
    assert revision.metadata["title"] == "Other"
    assert revision.metadata["tags"] == ["a", "b", "c"]
    assert revision.metadata["embargo"] == "2030-01-01T07:00:00+00:00"
    assert (revision.submitted_by, revision.priority, revision.article.key) == ("Ada", 10, "k")


def test_what_only_one_article_can_have_is_refused_for_several(desk, folder):
    """A key or title for two files would make one article of them."""
    one, two = article(folder), article(folder, "two.html", key="two")
    for option in ("--key", "--title", "--summary"):
        with pytest.raises(Permanent, match=f"{option} can't be said of 2 files"):
            sectionwire("submit", one, two, option, "x")
    assert not Article.objects.exists()


def test_a_language_that_nobody_publishes_is_told_once_and_before_anything_is_read(desk, folder):
    """It would be wrong for every file."""
    with pytest.raises(Permanent, match="Nobody in this network writes or publishes in Japanese"):
        sectionwire("submit", article(folder), "--source-language", "ja")


def test_a_huge_file_is_refused_without_being_read(desk, folder):
    """Fifty gigabytes: only the first few megabytes ever reach memory."""
    path = folder / "huge.html"
    with path.open("wb") as file:
        file.truncate(50_000_000_000)
    said = sectionwire("submit", path)
    assert said.status == 1
    assert "is larger than 5 MB" in said.err


def test_standard_input_is_a_file_like_any_other(desk, monkeypatch):
    """It has no name of its own."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"<p>The water rose.</p>")))
    assert sectionwire("submit", "-", "--title", "Flood", "--source-language", "en").status == 0
    assert Revision.objects.get().submitted_as == "standard input"
    with pytest.raises(Permanent, match="only once"):
        sectionwire("submit", "-", "-")


def test_names_and_arguments_with_broken_bytes_never_reach_the_terminal_or_the_ledger(desk, folder):
    """Neither lone surrogates nor escape sequences."""
    path = Path(os.fsdecode(os.fsencode(folder) + b"/evil\xff\x1b[31m.html"))
    path.write_text("<h1>Flood</h1><p>The water rose.</p>", encoding="utf-8")
    said = sectionwire("submit", path, "--source-language", "en")
    assert said.status == 0
    assert "evil��[31m.html" in said.out
    assert Revision.objects.get().submitted_as.endswith("evil��[31m.html")
    with pytest.raises(Permanent, match="no text in UTF-8"):
        sectionwire("status", "\udcff")


# status


def test_status_of_an_empty_ledger_says_how_to_begin(desk):
    """A newcomer's first question."""
    assert sectionwire("status").out == "There is no article yet. Put one in: sectionwire submit FILE\n"
    with pytest.raises(Permanent, match="There is no article “x”"):
        sectionwire("status", "x")


def test_every_place_has_a_sign_and_a_word_of_its_own():
    """Colour alone says nothing."""
    assert set(show.SIGNS) == set(status.Place)
    assert len({sign for sign, _, _ in show.SIGNS.values()}) == len(status.Place)
    assert len({word for _, word, _ in show.SIGNS.values()}) == len(status.Place)
    assert max(len(f"{sign} {word}") for sign, word, _ in show.SIGNS.values()) <= show.LONGEST_WORD


@pytest.mark.parametrize(("width", "cell"), [("160", "● live"), ("80", "● live"), ("42", "●"), ("20", "● published:")])
def test_status_fits_the_terminal(desk, monkeypatch, width, cell):
    """With words, with signs alone, or a line per place; no line of the table is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", width)
    desk.submit(key="a-rather-long-key-that-has-to-be-cut")
    desk.work()
    text = sectionwire("status").out
    table = text.partition("(")[0].splitlines()[:-1]
    assert all(len(line) <= int(width) for line in table)
    assert any(cell in line for line in table)


def test_status_tells_each_reason_once_with_its_count_and_its_remedy(desk):
    """What waits for review, and the command that decides."""
    for number in range(3):
        desk.submit(f"<p>The water rose {number}.</p>", key=f"tide-{number}")
    desk.work()
    text = sectionwire("status").out
    assert text.count("3 × waits for an editor of Portugal") == 1
    assert text.count("sectionwire approve ARTICLE SECTION") == 1
    assert "● published (6)" in text


def test_status_can_be_narrowed_and_limited(desk):
    """To one section, and to the newest articles; it says what is left out."""
    for number in range(3):
        desk.submit(f"<p>The water rose {number}.</p>", key=f"tide-{number}")
    said = sectionwire("status", "--section", "brazil", "--limit", "2")
    assert "tide-2" in said.out
    assert "tide-0" not in said.out
    assert "1 older article not shown" in said.err
    records = sectionwire("status", "--section", "brazil", "--json").records
    assert [each["key"] for each in records] == ["tide-2", "tide-1", "tide-0"]
    assert {cell["section"] for each in records for cell in each["sections"]} == {"brazil"}
    with pytest.raises(Permanent, match="There is no section “atlantis”"):
        sectionwire("status", "--section", "atlantis")


def test_the_story_of_an_article_tells_everything(desk):
    """Revisions with notes, each section's place and what to do, findings, and what happened; as JSON too."""
    desk.submit("<p>The <script>x</script>water rose by 7 metres.</p>")
    desk.work()
    text = sectionwire("status", "tide").out
    assert "Tide report" in text
    assert "◐ portugal pt-PT: waiting for review" in text
    assert "sectionwire approve tide portugal" in text
    assert desk.edition("brazil").deliveries.get().url in text
    assert "revision 1 came in as tide.html" in text
    (record,) = sectionwire("status", "tide", "--json").records
    places = {each["section"]: each["place"] for each in record["sections"]}
    assert places["portugal"] == "waiting for review"
    assert places["brazil"] == "published"
    assert record["revisions"][0]["file"] == "tide.html"
    assert record["events"][0]["stage"] == "intake"


# decisions


def test_approve_shows_what_it_approves_and_who_did(desk):
    """Version, title and origin; the follower comes along."""
    desk.submit()
    desk.work()
    said = sectionwire("approve", "tide", "portugal", "--by", "Ada")
    assert "version 1 of revision 1, machine translation" in said.out
    assert desk.edition("portugal").candidate is None
    assert desk.edition("portugal").approved.title in said.out
    assert desk.edition("portugal").decided_by == "Ada"
    assert desk.edition("angola").approved is not None
    assert "sectionwire publish" in said.err


def test_approve_refuses_what_was_not_seen(desk):
    """The digest of another version, or half a digest."""
    desk.submit()
    desk.work()
    digest = desk.edition("portugal").candidate.digest
    with pytest.raises(Permanent, match="changed since you saw it"):
        sectionwire("approve", "tide", "portugal", "--digest", "0" * 64)
    with pytest.raises(Permanent, match="too short"):
        sectionwire("approve", "tide", "portugal", "--digest", digest[:6])
    assert desk.edition("portugal").approved is None
    assert sectionwire("approve", "tide", "portugal", "--digest", digest[:16]).status == 0


def test_decisions_on_what_does_not_wait_say_how_it_stands(desk):
    """No such section, nothing that waits, not for this section."""
    desk.submit(kind="news")
    with pytest.raises(Permanent, match=r"no edition of tide for Portugal yet\. It is in preparation"):
        sectionwire("approve", "tide", "portugal")
    desk.work()
    with pytest.raises(Permanent, match="The sections are: portugal, brazil"):
        sectionwire("approve", "tide", "all")
    with pytest.raises(Permanent, match="nothing that waits"):
        sectionwire("approve", "tide", "brazil")
    with pytest.raises(Permanent, match="does not publish in “fr”"):
        sectionwire("approve", "tide", "portugal", "--language", "fr")


def test_a_section_with_two_languages_must_be_told_which_unless_only_one_waits(desk, settings):
    """Both wait: which one? One is decided: the other."""
    network = settings.NETWORK_FILE.read_text(encoding="utf-8")
    tags = '{ tag = "pt-PT", base = "pt" }, { tag = "en-PT", base = "en" }'
    settings.NETWORK_FILE.write_text(network.replace('{ tag = "pt-PT", base = "pt" }', tags), encoding="utf-8")
    desk.submit()
    desk.work()
    with pytest.raises(Permanent, match=r"several languages: en-PT, pt-PT\. Say which one you mean: --language TAG"):
        sectionwire("approve", "tide", "portugal")
    sectionwire("approve", "tide", "portugal", "--language", "en-PT")
    # What is published already is not guessed at: readers would see it.
    for command in (["revert", "--version", "1"], ["correct", "--note", "The height was missing."]):
        with pytest.raises(Permanent, match=r"several languages: en-PT, pt-PT\. Say which one you mean"):
            sectionwire(command[0], "tide", "portugal", *command[1:])
    sectionwire("approve", "tide", "portugal")
    assert not Edition.objects.filter(section="portugal", approved=None).exists()


def test_return_and_reject_keep_their_reasons(desk):
    """They are told to whoever asks later."""
    desk.submit()
    desk.work()
    assert (
        "returned by Ada: title is wrong"
        in sectionwire("return", "tide", "portugal", "--note", "title is wrong", "--by", "Ada").out
    )
    assert sectionwire("reject", "tide", "angola", "--reason", "not ours").status == 0
    text = sectionwire("status", "tide").out
    assert "returned by Ada: title is wrong" in text
    assert "↩ portugal pt-PT: returned" in text
    assert "⊘ angola pt-AO: rejected" in text
    with pytest.raises(Permanent, match="needs a reason"):
        sectionwire("return", "tide", "portugal", "--note", " ")


# publish


def test_publish_sends_what_is_due_without_a_worker(desk):
    """Pages and front pages; then nothing more."""
    desk.submit()
    desk.work(publishing=False)
    said = sectionwire("publish")
    assert said.status == 0
    assert "sent    tide for brazil in pt-BR: https://brazil.example/pt-br/" in said.out
    assert re.search(r"^sent +\d+ front pages, lists and feeds$", said.out, re.MULTILINE)
    assert "The water" in desk.page("united-states")
    assert sectionwire("publish").out == "Nothing was due.\n"


def test_publish_tells_what_failed_and_retry_sends_it_again(desk):
    """A file stands where a folder must be: one section fails, the others don't."""
    desk.submit()
    desk.work(publishing=False)
    (desk.home / "outputs").mkdir()
    (desk.home / "outputs" / "brazil").write_text("in the way", encoding="utf-8")
    said = sectionwire("publish")
    assert said.status == 1
    assert "failed  tide for brazil in pt-BR to site: The output folder" in said.out
    assert "sent    tide for united-states" in said.out
    assert "publish --retry" in said.err
    (desk.home / "outputs" / "brazil").unlink()
    again = sectionwire("publish", "--retry", "--section", "brazil")
    assert again.status == 0, again.out
    assert "1 delivery is due again" in again.out
    assert Delivery.objects.get(edition__section="brazil").status == Status.DONE


def test_publish_again_writes_pages_anew(desk):
    """What somebody deleted comes back; of one section or article only, if so said."""
    desk.submit()
    desk.work()
    page = desk.home / "outputs" / "brazil" / desk.edition("brazil").path / "index.html"
    page.unlink()
    said = sectionwire("publish", "--again", "--section", "brazil", "--article", "tide")
    assert "1 delivery is due again" in said.out
    assert page.is_file()
    with pytest.raises(Permanent, match="go with --retry or --again"):
        sectionwire("publish", "--section", "brazil")


# clean and translate on files


def test_clean_writes_one_file_to_standard_output(home, folder):
    """A fragment without a title stays without one; a title comes first, as a heading."""
    path = folder / "f.html"
    path.write_text(FRAGMENT, encoding="utf-8")
    assert sectionwire("clean", path).out == "<p>The <strong>water</strong> rose.</p>\n"
    path.write_text(f"<h1>Flood &amp; rain</h1>{FRAGMENT}", encoding="utf-8")
    assert sectionwire("clean", path).out == "<h1>Flood &amp; rain</h1>\n<p>The <strong>water</strong> rose.</p>\n"
    assert sectionwire("clean", path, "--report").err.startswith(f"{path}:\n  ")


def test_clean_writes_several_files_under_their_names(home, folder, tmp_path):
    """Below the folder that is named, suffixes made .html; a file that fails does not stop the others."""
    (folder / "deep").mkdir()
    (folder / "deep" / "a.md").write_text("The *water* rose.", encoding="utf-8")
    (folder / "b.html").write_text(FRAGMENT, encoding="utf-8")
    (folder / "c.html").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    with pytest.raises(Permanent, match="These are 3 files"):
        sectionwire("clean", folder)
    out = tmp_path / "out"
    said = sectionwire("clean", folder, "--out", out, "--json")
    assert said.status == 1
    assert (out / "deep" / "a.html").read_text(encoding="utf-8") == "<p>The <em>water</em> rose.</p>\n"
    assert sorted(path.name for path in out.rglob("*.*")) == ["a.html", "b.html"]
    assert {"error", "written"} <= {key for record in said.records for key in record}


def test_nothing_is_written_when_two_results_would_have_one_name(home, folder, tmp_path):
    """Nor over a source."""
    one, two = folder / "x.html", folder / "x.md"
    for path in (one, two):
        path.write_text(FRAGMENT, encoding="utf-8")
    with pytest.raises(Permanent, match="would both be written"):
        sectionwire("clean", one, two, "--out", tmp_path / "out")
    with pytest.raises(Permanent, match="written over a source"):
        sectionwire("clean", one, "--out", folder)
    assert not (tmp_path / "out").exists()
    assert one.read_text(encoding="utf-8") == FRAGMENT


def test_results_of_an_earlier_run_are_no_input(folder):
    """An output folder inside the input folder is passed over."""
    (folder / "pt").mkdir()
    for name in ("a.html", "pt/a.html"):
        (folder / name).write_text(FRAGMENT, encoding="utf-8")
    assert [each.path for each in files.expand([str(folder)], folder / "pt")] == [folder / "a.html"]


def test_a_result_that_cannot_be_written_is_told_and_leaves_nothing_behind(folder):
    """A folder stands where the file must be."""
    (folder / "x.html").mkdir()
    with pytest.raises(Permanent, match=r"x\.html can't be written"):
        files.write(folder / "x.html", "text")
    assert [path.name for path in folder.iterdir()] == ["x.html"]


def test_translate_carries_files_through_the_real_stages(home, folder, tmp_path):
    """Markup stays, names stay, the title is translated with the text; engines run in their own processes."""
    (folder / "a.html").write_text(f"<h1>Flood</h1>{FRAGMENT}", encoding="utf-8")
    (folder / "b.md").write_text("See [the report](https://example.org/7) of 2026.", encoding="utf-8")
    (folder / "c.html").write_bytes(b"")
    out = tmp_path / "out"
    said = sectionwire(
        "translate", folder, "--from", "en", "--to", "pt", "--engine", "fake", "--processes", "1", "--out", out
    )
    assert said.status == 1
    assert "c.html is empty" in said.err
    assert "2 files written to" in said.err
    first, second = ((out / name).read_text(encoding="utf-8") for name in ("a.html", "b.html"))
    assert first == "<h1>doolFõ</h1>\n<p>ehTõ <strong>retawõ</strong> esorõ.</p>\n"
    assert '<a href="https://example.org/7">' in second
    assert "2026" in second
    assert "Flood" not in first


def test_translate_names_what_is_missing_before_it_reads_anything(home, folder):
    """A language, a model, an engine: one line each, with the command that installs a model."""
    path = folder / "f.html"
    path.write_text(FRAGMENT, encoding="utf-8")
    for source, target, message in (
        ("en", "zz", "--to zz: this is no language"),
        ("en", "en-GB", "one language: there is nothing to translate"),
        ("en", "is", "no model from English to Icelandic .* sectionwire models install en is"),
    ):
        with pytest.raises(Permanent, match=message):
            sectionwire("translate", path, "--from", source, "--to", target)
    with pytest.raises(Permanent, match="There is no engine “nope”"):
        sectionwire("translate", path, "--from", "en", "--to", "pt", "--engine", "nope")


# models


def test_models_lists_what_is_here_and_what_the_network_lacks(home):
    """English and Portuguese come along; each missing leg is named once, with its command."""
    (record,) = sectionwire("models", "list", "--json").records
    assert {(each["source"], each["target"]) for each in record["models"]} >= {("en", "pt"), ("pt", "en")}
    missing = {(each["source"], each["target"]) for each in record["missing"]}
    assert missing == {(a, b) for other in ("es", "fr", "ur") for a, b in (("en", other), (other, "en"))}
    assert "sectionwire models install en es" in sectionwire("models", "list").out


def test_a_model_comes_from_a_file_and_goes_again(home):
    """No network needed."""
    package = django_settings.CHECKOUT / "tests" / "data" / "translate-en_es.argosmodel"
    said = sectionwire("models", "install", "--from-file", package)
    assert said.out.startswith("Installed en → es: argos ")
    assert "en → es" in sectionwire("models", "list").out
    assert sectionwire("models", "remove", "en", "es").out.startswith("Removed en → es: argos ")
    with pytest.raises(Permanent, match="There is no model for en → es here"):
        sectionwire("models", "remove", "en", "es")


def test_models_refuses_what_makes_no_sense(home, folder):
    """A file that is no model, no language at all, a model that comes along."""
    junk = folder / "x.argosmodel"
    junk.write_bytes(b"junk")
    with pytest.raises(Permanent, match=r"x\.argosmodel"):
        sectionwire("models", "install", "--from-file", junk)
    with pytest.raises(Permanent, match="Which model"):
        sectionwire("models", "install")
    with pytest.raises(Permanent, match="“xx” is no language"):
        sectionwire("models", "install", "en", "xx")
    with pytest.raises(Permanent, match="can't be removed: it comes with Sectionwire"):
        sectionwire("models", "remove", "en", "pt")


# doctor


def test_doctor_finds_a_sound_installation_sound(desk, broker, settings):
    """Faults: none. Exit status: 0. What needs attention is said with a remedy."""
    (desk.home / ".sectionwire").mkdir()
    (desk.home / ".sectionwire" / "secret-key").touch(0o600)
    settings.BROKER_URL = broker
    said = sectionwire("doctor", "--json")
    assert [each for each in said.records if each["level"] == "fault"] == []
    assert said.status == 0
    assert {"home", "secret key", "network", "ledger", "invariants", "broker", "workers", "models", "outputs"} <= {
        each["matter"] for each in said.records
    }
    assert "✓ ledger: It answers and is up to date" in sectionwire("doctor").out


def test_doctor_names_every_fault_with_its_remedy_and_exits_with_1(desk, settings):
    """No marker, a silent broker, a folder that is a file, a broken invariant, a failed row."""
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    (desk.home / "outputs").mkdir()
    (desk.home / "outputs" / "brazil").touch()
    desk.submit()
    desk.work(publishing=False)
    Edition.objects.filter(section="brazil").update(decided_by="")
    Translation.objects.update(status=Status.FAILED, reason="The engine is broken.")
    said = sectionwire("doctor", "--json")
    assert said.status == 1
    faults = {each["matter"]: each for each in said.records if each["level"] == "fault"}
    assert set(faults) == {"home", "broker", "invariants", "outputs"}
    assert all(each["remedy"] for each in faults.values())
    assert any("The engine is broken." in each["message"] for each in said.records)


def test_doctor_tells_a_broken_network_file_line_by_line_and_once(desk, settings):
    """What needs the file is left out."""
    network = NETWORK.format(engine="fake").replace('country = "PT"', 'country = "XX"').replace("pt-BR", "xx-YY")
    settings.NETWORK_FILE.write_text(network, encoding="utf-8")
    faults = [each for each in sectionwire("doctor", "--json").records if each["matter"] == "network"]
    assert len(faults) == 2
    assert all(str(settings.NETWORK_FILE) in each["message"] for each in faults)


# serve and web


@pytest.fixture
def served(home) -> Iterator[str]:
    """The address of a server that shows one section, with things beside it that nobody may see."""
    root = home / "outputs" / "brazil"
    (root / "pt-br").mkdir(parents=True)
    (root / ".sectionwire").mkdir()
    (root / "index.html").write_text("início", encoding="utf-8")
    (root / "pt-br" / "index.html").write_text("Olá", encoding="utf-8")
    (root / "a.css").write_text("p {}", encoding="utf-8")
    (root / ".sectionwire" / "secret").write_text("secret", encoding="utf-8")
    (home / "secret.txt").write_text("secret", encoding="utf-8")
    (root / "link.txt").symlink_to(home / "secret.txt")
    from pipeline.flow import installation

    with site_server.server("127.0.0.1", 0, lambda: site_server.sites_of(installation.network(), home)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def fetch(url: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, content type and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_serve_shows_pages_with_their_types(served):
    """A list of sections, folders by their index, charset and all; HEAD has no body."""
    status_code, kind, body = fetch(f"{served}/")
    assert (status_code, kind) == (200, "text/html; charset=utf-8")
    assert '<a href="/brazil/">' in body
    assert "Portugal: nothing published yet" in body
    assert fetch(f"{served}/brazil/") == (200, "text/html; charset=utf-8", "início")
    assert fetch(f"{served}/brazil/pt-br") == (200, "text/html; charset=utf-8", "Olá")
    assert fetch(f"{served}/brazil/a.css?v=1")[1] == "text/css; charset=utf-8"
    assert fetch(f"{served}/brazil/", "HEAD") == (200, "text/html; charset=utf-8", "")


@pytest.mark.parametrize(
    "path",
    [
        "/brazil/../../secret.txt",
        "/brazil/%2e%2e/%2e%2e/secret.txt",
        "/brazil/..%2f..%2fsecret.txt",
        "/brazil//etc/passwd",
        "/brazil/%2fetc%2fpasswd",
        "/brazil/link.txt",
        "/brazil/.sectionwire/secret",
        "/brazil/a%00.css",
        "/brazil/" + "a" * 5000,
        "/portugal/",
        "/atlantis/",
        "/brazil/none.html",
    ],
)
def test_serve_sends_nothing_from_outside_a_site(served, path):
    """Neither by dots nor by links, nor what is hidden: a page says that there is nothing."""
    status_code, kind, body = fetch(served + path)
    assert (status_code, kind) == (404, "text/html; charset=utf-8")
    assert "secret" not in body.replace("secret.txt", "")


def test_a_taken_port_is_told_at_once(home, served):
    """By both servers."""
    port = served.rpartition(":")[2]
    for command in ("serve", "web"):
        with pytest.raises(Permanent, match=f"Port {port} is taken"):
            sectionwire(command, "--port", port)
    with pytest.raises(Permanent, match="Nothing can listen at"):
        ports.refuse_taken("192.0.2.1", 8200)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "path"), [("serve", "/"), ("web", "/healthz")])
def test_servers_answer_and_stop_when_they_are_asked_to(command, path, tmp_path):
    """SIGTERM ends them with 0 and without a traceback, as ``up`` and containers expect."""
    port = str(free_port())
    env = {**os.environ, "SECTIONWIRE_HOME": str(tmp_path)}
    server = subprocess.Popen(
        [sys.executable, "-m", "config", command, "--port", port],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert wait_for(lambda: answers(f"http://127.0.0.1:{port}{path}"), 30)
        server.terminate()
        _, err = server.communicate(timeout=20)
        assert (server.returncode, err) == (0, b"")
    finally:
        server.kill()
        server.wait()


def answers(url: str) -> bool:
    """Whether a server answers there with 200."""
    try:
        return fetch(url)[0] == 200
    except OSError:
        return False
