"""The folder output: whole pages, fenced by their sequence, repaired by a rerun, and a clear word for every fault."""

import errno
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from pipeline.errors import Permanent, Transient
from pipeline.network import Output as OutputConfig
from pipeline.stages.publish import outputs
from pipeline.stages.publish.outputs import files as disk
from pipeline.stages.publish.outputs import folder as folder_module
from pipeline.stages.publish.outputs.contract import digest_of
from pipeline.stages.publish.outputs.folder import FolderOutput
from pipeline.stages.publish.outputs.manifest import Manifest

CONFIG = OutputConfig(type="folder", path="out/{section}", base_url="https://example.org/{section}/")
PATH = "pt-pt/2026/rio/"
ROOT = os.geteuid() == 0


@pytest.fixture
def output(tmp_path):
    return FolderOutput(CONFIG, "portugal", tmp_path)


def page(text="one"):
    return {"index.html": f"<p>{text}</p>".encode()}


def pages(output):
    """What readers can see: every file outside our own folder."""
    found = (path for path in output.root.rglob("*") if path.is_file() and ".sectionwire" not in path.parts)
    return {str(path.relative_to(output.root)): path.read_text() for path in found}


def test_a_page_is_put_where_its_path_says(output, tmp_path):
    sent = output.put(PATH, page(), "edition-1", 1)
    assert (tmp_path / "out/portugal/pt-pt/2026/rio/index.html").read_text() == "<p>one</p>"
    assert sent.url == "https://example.org/portugal/pt-pt/2026/rio/"
    assert (sent.written, sent.digest) == (True, digest_of(page()))


def test_the_registry_opens_it_by_its_type(tmp_path):
    assert "folder" in outputs.names()
    opened = outputs.open_output(CONFIG, "portugal", tmp_path)
    assert isinstance(opened, FolderOutput)
    with pytest.raises(Permanent, match=r"no output of type “ftp”.*folder"):
        outputs.open_output(CONFIG.model_copy(update={"type": "ftp"}), "portugal", tmp_path)


def test_making_an_output_touches_nothing(output):
    assert not output.root.exists()
    assert list(output.held()) == []


def test_the_same_sequence_again_changes_nothing(output):
    output.put(PATH, page(), "edition-1", 1)
    before = (output.root / PATH / "index.html").stat()
    again = output.put(PATH, page(), "edition-1", 1)
    after = (output.root / PATH / "index.html").stat()
    assert (again.written, again.digest) == (False, digest_of(page()))
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_lower_sequence_is_ignored(output):
    output.put(PATH, page("new"), "edition-1", 5)
    late = output.put("pt-pt/2026/other/", page("old"), "edition-1", 4)
    assert (late.written, late.digest) == (False, digest_of(page("new")))
    assert pages(output) == {"pt-pt/2026/rio/index.html": "<p>new</p>"}


def test_a_late_page_does_not_come_back_after_its_removal(output):
    output.put(PATH, page(), "edition-1", 1)
    assert output.remove("edition-1", 3).digest == ""
    assert not output.put(PATH, page(), "edition-1", 2).written
    assert pages(output) == {}
    assert output.put(PATH, page(), "edition-1", 4).written
    assert pages(output) == {"pt-pt/2026/rio/index.html": "<p>one</p>"}


def test_a_late_removal_is_ignored(output):
    output.put(PATH, page(), "edition-1", 2)
    assert not output.remove("edition-1", 1).written
    assert len(pages(output)) == 1


def test_a_removal_is_fenced_also_for_a_page_that_never_came(output):
    assert not output.remove("edition-1", 2).written
    assert not output.put(PATH, page(), "edition-1", 1).written
    assert pages(output) == {}


def test_a_page_with_a_new_path_leaves_the_old_one(output):
    output.put(PATH, {**page(), "photo.txt": b"x"}, "edition-1", 1)
    output.put("pt-pt/2026/sibling/", page("two"), "edition-2", 1)
    sent = output.put("pt-pt/2027/ria/", page(), "edition-1", 2)
    assert sent.detail == "moved from pt-pt/2026/rio/"
    assert pages(output).keys() == {"pt-pt/2027/ria/index.html", "pt-pt/2026/sibling/index.html"}
    assert not (output.root / PATH).exists()


def test_removing_the_last_page_keeps_the_site(output):
    output.put(PATH, page(), "edition-1", 1)
    output.remove("edition-1", 2)
    assert [path.name for path in output.root.iterdir()] == [".sectionwire"]


def test_it_never_overwrites_what_it_did_not_write(output):
    (output.root / PATH).mkdir(parents=True)
    (output.root / PATH / "index.html").write_text("by hand")
    with pytest.raises(Permanent, match=r"index\.html is there already.*another slug"):
        output.put(PATH, page(), "edition-1", 1)
    assert pages(output) == {"pt-pt/2026/rio/index.html": "by hand"}


def test_it_never_deletes_what_it_did_not_write(output):
    output.put(PATH, page(), "edition-1", 1)
    (output.root / PATH / "notes.txt").write_text("by hand")
    output.remove("edition-1", 2)
    assert pages(output) == {"pt-pt/2026/rio/notes.txt": "by hand"}


def test_two_pages_can_not_share_a_path(output):
    output.put(PATH, page("one"), "edition-1", 1)
    with pytest.raises(Permanent, match="another slug"):
        output.put(PATH, page("two"), "edition-2", 1)
    assert pages(output) == {"pt-pt/2026/rio/index.html": "<p>one</p>"}


def test_the_pages_of_a_lost_manifest_are_taken_over_when_they_are_the_same(output):
    output.put(PATH, page(), "edition-1", 1)
    shutil.rmtree(output.root / ".sectionwire")
    assert output.put(PATH, page(), "edition-1", 1).written
    assert len(list(output.held())) == 1


@pytest.mark.parametrize(
    "path",
    ["../x/", "a/../../x/", "/etc/", "a//b/", "./a/", "a/./b/", ".sectionwire/", "a/.hidden/", "a\\..\\b/", "a\0b/",
     "a /", "a./", "C:/x/", "\ud800/", "x" * 256 + "/", "水" * 86 + "/"],
)  # fmt: skip
def test_no_path_leaves_the_site(output, path):
    with pytest.raises(Permanent, match="can't be a path in a site"):
        output.put(path, page(), "edition-1", 1)
    assert not output.root.exists()


@pytest.mark.parametrize("name", ["../index.html", "/index.html", "", ".htaccess", "a/../../b"])
def test_no_file_name_leaves_the_page(output, name):
    with pytest.raises(Permanent, match="can't be a path in a site"):
        output.put(PATH, {name: b"x"}, "edition-1", 1)


def test_a_symbolic_link_does_not_lead_out_of_the_site(output, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    output.root.mkdir(parents=True)
    (output.root / "pt-pt").symlink_to(outside)
    with pytest.raises(Permanent, match="symbolic link"):
        output.put(PATH, page(), "edition-1", 1)
    assert not list(outside.iterdir())


def test_the_site_itself_may_be_a_symbolic_link(output, tmp_path):
    (tmp_path / "disk").mkdir()
    output.root.parent.mkdir()
    output.root.symlink_to(tmp_path / "disk")
    output.put(PATH, page(), "edition-1", 1)
    assert (tmp_path / "disk" / PATH / "index.html").exists()


def test_keys_are_not_taken_for_paths(output):
    for number, key in enumerate(["../../x", "a/b", "", "\ud800", "x" * 5000]):
        output.put(f"pt-pt/{number}/", page(), key, 1)
    assert {held.key for held in output.held()} == {"../../x", "a/b", "", "\ud800", "x" * 5000}


def test_the_root_and_long_names_in_other_scripts_work(output):
    output.put("", page(), "root", 1)
    output.put("ur-pk/2026/" + "د" * 100 + "/", page(), "edition-1", 1)
    assert len(pages(output)) == 2
    assert output.address("ur-pk/د/") == "https://example.org/portugal/ur-pk/%D8%AF/"


def test_what_is_held_is_compared_with_what_was_confirmed(output):
    for number in range(3):
        output.put(f"pt-pt/{number}/", page(str(number)), f"edition-{number}", 1)
    output.put("pt-pt/3/", {**page(), "b.txt": b"b"}, "edition-3", 1)
    output.put("pt-pt/4/", page(), "edition-4", 1)
    output.remove("edition-4", 2)
    (output.root / "pt-pt/1/index.html").write_text("changed by hand")
    (output.root / "pt-pt/2/index.html").unlink()
    held = {item.key: item for item in output.held()}
    assert held.keys() == {f"edition-{number}" for number in range(4)}
    assert {key for key, item in held.items() if item.found == item.digest} == {"edition-0", "edition-3"}
    assert held["edition-2"].found == ""


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_sending_again_puts_back_what_was_changed_or_lost(output, damage):
    output.put(PATH, page(), "edition-1", 1)
    file = output.root / PATH / "index.html"
    file.unlink() if damage == "gone" else file.write_text("<p>two</p>")
    assert output.put(PATH, page(), "edition-1", 1).written
    assert file.read_text() == "<p>one</p>"


def test_assets_are_written_once(output):
    assets = {"assets/site-12ab.css": b"body {}"}
    output.put_assets(assets)
    before = (output.root / "assets/site-12ab.css").stat().st_ino
    output.put_assets(assets)
    assert (output.root / "assets/site-12ab.css").stat().st_ino == before
    (output.root / "assets/site-12ab.css").write_bytes(b"bo")  # a copy that broke off
    output.put_assets(assets)
    assert (output.root / "assets/site-12ab.css").read_bytes() == b"body {}"


def test_pages_can_be_read_by_a_web_server(output):
    output.put(PATH, page(), "edition-1", 1)
    mode = (output.root / PATH / "index.html").stat().st_mode
    umask = os.umask(0)
    os.umask(umask)
    assert mode & 0o777 == 0o644 & ~umask


class Killed(BaseException):
    """Stands for the process that is gone: nothing of ours catches it."""


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("moved", [False, True])
def test_a_rerun_repairs_what_a_kill_at_any_write_left(output, monkeypatch, step, moved):
    """Killed before the n-th file is in place: readers see whole pages, and a rerun leaves nothing else behind."""
    output.put(PATH, page("first"), "edition-1", 1)
    target = "pt-pt/2026/ria/" if moved else PATH
    replaced = []
    real = os.replace

    def kill(new, to):
        if len(replaced) == step:
            raise Killed
        replaced.append(to)
        return real(new, to)

    monkeypatch.setattr(os, "replace", kill)
    try:
        output.put(target, page("second"), "edition-1", 2)
        finished = True
    except Killed:
        finished = False
    monkeypatch.undo()
    assert finished == (step >= 2 + moved)
    assert set(pages(output).values()) <= {"<p>first</p>", "<p>second</p>"}
    rerun(output, target)


def rerun(output, target):
    """The same want again, or a newer one at a third path: each leaves exactly its own page."""
    copy = output.root.with_name("copy")
    shutil.copytree(output.root, copy)
    output.put(target, page("second"), "edition-1", 2)
    assert pages(output) == {f"{target}index.html": "<p>second</p>"}
    other = FolderOutput(CONFIG, "copy", output.root.parent.parent)
    other.put("pt-pt/2027/third/", page("third"), "edition-1", 3)
    assert pages(other) == {"pt-pt/2027/third/index.html": "<p>third</p>"}


@pytest.mark.slow
def test_a_process_killed_while_writing_leaves_whole_pages(tmp_path):
    """A real process, SIGKILL at an arbitrary moment; the page is whole and the next send goes through."""
    code = (
        "import sys; from pathlib import Path; from tests.unit.test_publish_folder import CONFIG, FolderOutput, PATH\n"
        "output = FolderOutput(CONFIG, 'portugal', Path(sys.argv[1]))\n"
        "for n in range(1, 10**6):\n"
        "    output.put(PATH, {'index.html': str(n % 10).encode() * 300_000}, 'edition-1', n)\n"
        "    if n == 3: print('going', flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"going\n"
        child.kill()
    output = FolderOutput(CONFIG, "portugal", tmp_path)
    (text,) = pages_without_rest(output).values()
    assert len(text) == 300_000
    assert len(set(text)) == 1
    assert output.put(PATH, page(), "edition-1", 10**7).written
    assert pages(output) == {"pt-pt/2026/rio/index.html": "<p>one</p>"}


def pages_without_rest(output):
    """Without what a killed write leaves until the next one: hidden, so that no web server lists or serves it."""
    return {name: text for name, text in pages(output).items() if not Path(name).name.startswith(".")}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"key": 1}', b"\xff\x00"])
def test_a_damaged_entry_of_the_manifest_is_made_anew(output, content):
    output.put(PATH, page("old"), "edition-1", 1)
    (entry,) = (output.root / ".sectionwire/pages").glob("??/*.json")
    entry.write_bytes(content)
    list(output.held())
    sent = output.put(PATH, page("new"), "edition-1", 2)
    assert "damaged" in sent.detail
    assert [held.sequence for held in output.held()] == [2]


def _send(home, numbers, barrier):
    output = FolderOutput(CONFIG, "portugal", home)
    barrier.wait(timeout=30)
    for number in numbers:
        output.put(f"pt-pt/{number % 3}/", page(f"{number}"), "edition-1", number)


@pytest.mark.slow
def test_processes_that_write_one_page_end_at_the_highest_sequence(tmp_path):
    """Two real processes, one counting up and one down."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    ways = (range(1, 61), range(60, 0, -1))
    children = [context.Process(target=_send, args=(tmp_path, way, barrier)) for way in ways]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0]
    output = FolderOutput(CONFIG, "portugal", tmp_path)
    assert pages(output) == {"pt-pt/0/index.html": "<p>60</p>"}
    assert [held.sequence for held in output.held()] == [60]


def test_a_lock_that_is_not_released_is_transient(output, monkeypatch):
    monkeypatch.setattr(folder_module, "_PATIENCE", 0.05)
    output.put(PATH, page(), "edition-1", 1)
    with (
        FileLock(output.root / ".sectionwire/lock"),
        pytest.raises(Transient, match="Somebody else has been writing"),
    ):
        output.put(PATH, page("two"), "edition-1", 2)


def test_a_file_in_the_place_of_the_folder_is_named(output):
    output.root.parent.mkdir()
    output.root.write_text("no folder")
    with pytest.raises(Permanent, match=r"output folder .*portugal can't be used.*network\.toml"):
        output.put(PATH, page(), "edition-1", 1)


def test_a_folder_that_may_not_be_written_is_permanent_and_says_the_remedy():
    """sysfs refuses new folders to everybody, root included."""
    output = FolderOutput(CONFIG.model_copy(update={"path": "/sys/kernel/{section}"}), "portugal", Path("/"))
    with pytest.raises(Permanent, match=r"can't be written.*right to write there.*network\.toml"):
        output.put(PATH, page(), "edition-1", 1)


@pytest.mark.skipif(ROOT, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_permanent(output):
    output.root.mkdir(parents=True)
    output.root.chmod(0o500)
    with pytest.raises(Permanent, match="right to write there"):
        output.put(PATH, page(), "edition-1", 1)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB that is really full soon, remounted read-only on demand."""
    if not ROOT:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "out"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"this machine lets nobody mount: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_transient_and_keeps_the_old_page(small_disk, output):
    output.put(PATH, page(), "edition-1", 1)
    with pytest.raises(Transient, match=r"The disk is full.*Free space"):
        output.put(PATH, {"index.html": b"x" * 100_000}, "edition-1", 2)
    assert pages(output) == {"pt-pt/2026/rio/index.html": "<p>one</p>"}
    assert output.put(PATH, page("smaller"), "edition-1", 2).written


def test_a_disk_full_before_the_first_page_is_transient(small_disk, output):
    (small_disk / "ballast").write_bytes(b"x" * 65_536)
    with pytest.raises(Transient, match="The disk is full"):
        output.put(PATH, page(), "edition-1", 1)
    (small_disk / "ballast").unlink()
    assert output.put(PATH, page(), "edition-1", 1).written


def test_a_read_only_disk_is_permanent(small_disk, output):
    output.put(PATH, page(), "edition-1", 1)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for attempt in (lambda: output.put(PATH, page("two"), "edition-1", 2), lambda: output.remove("edition-1", 2)):
        with pytest.raises(Permanent, match=r"can't be written.*right to write"):
            attempt()
    assert [held.found for held in output.held()] == [digest_of(page())]


def test_a_write_that_breaks_off_leaves_the_old_page(output):
    """The limit of a file's size is one that no user escapes: the kernel stops the write half-way."""
    output.put(PATH, page(), "edition-1", 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(Transient, match=r"Writing to .* failed"):
            output.put(PATH, {"index.html": b"x" * 100_000}, "edition-1", 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert pages(output) == {"pt-pt/2026/rio/index.html": "<p>one</p>"}


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, Transient),
        (errno.EDQUOT, Transient),
        (errno.EIO, Transient),
        (errno.ESTALE, Transient),
        (errno.EROFS, Permanent),
        (errno.EACCES, Permanent),
        (errno.EPERM, Permanent),
        (errno.ENOTDIR, Permanent),
    ],
)
def test_every_fault_of_the_system_is_sorted(tmp_path, number, kind):
    with pytest.raises(kind), disk.explained(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path))


def test_a_page_costs_the_same_among_many(output):
    """The manifest is one small file a page: a put reads and writes only its own."""
    for number in range(50):
        output.put(f"pt-pt/{number}/", page(), f"edition-{number}", 1)
    entries = output.root / ".sectionwire/pages"
    before = {path: path.stat().st_mtime_ns for path in entries.rglob("*.json")}
    output.put("pt-pt/7/", page("new"), "edition-7", 2)
    after = {path: path.stat().st_mtime_ns for path in entries.rglob("*.json")}
    assert len(before) == 50
    assert sum(before[path] != after[path] for path in before) == 1
    assert Manifest(entries).read("edition-7").sequence == 2


def test_a_redirect_is_a_page_that_leads_on_and_is_fenced_like_any_other(output):
    """Once the page has moved away; with no script, and nothing that is no address."""
    output.put(PATH, page(), "edition-1", 1)
    with pytest.raises(Permanent, match="there already"):
        output.redirect(PATH, "https://portugal.example/new/", "redirect-1", 1)
    output.put("pt-pt/2026/new/", page(), "edition-1", 2)
    assert output.redirect(PATH, "https://portugal.example/new/?a=1&b", "redirect-1", 2).written
    found = (output.root / PATH / "index.html").read_text(encoding="utf-8")
    assert '<link rel="canonical" href="https://portugal.example/new/?a=1&amp;b">' in found
    assert "<script" not in found
    assert not output.redirect(PATH, "https://portugal.example/old/", "redirect-1", 1).written
    for bad in (
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        'https://a.example/"onload="x',
        "https://u:p@a.example/",
    ):
        with pytest.raises(Permanent):
            output.redirect(PATH, bad, "redirect-1", 3)
