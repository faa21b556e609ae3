"""The S3 output, over HTTP against a running S3 server (moto's, which honours If-Match and If-None-Match)."""

from __future__ import annotations

import hashlib
import socket
import threading

import httpx
import pytest
import tomlkit
from moto.server import ThreadedMotoServer

from pipeline import network
from pipeline.errors import Permanent, Transient, Unreachable
from pipeline.network import Output as OutputConfig
from pipeline.stages.publish import outputs
from pipeline.stages.publish.outputs.bucket import Found
from pipeline.stages.publish.outputs.contract import digest_of
from tests.receiver import Reply, serving

PATH = "ur-pk/2026/پانی/"
OTHER = "ur-pk/2026/other/"
KEY = "tide/ur-PK"
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=x/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"
}
"""Enough for moto, which looks at credentials only where a test says so; objects are private without."""


def ask(method, url, content=b""):
    """A request past our code."""
    return httpx.request(method, url, content=content, headers=SIGNED)


@pytest.fixture(scope="module")
def server():
    """The address of an S3 server."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def bucket(server, request):
    """An empty bucket."""
    name = f"pages-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"
    assert ask("PUT", f"{server}/{name}").status_code == 200
    return name


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    monkeypatch.setenv("SECTIONWIRE_S3_ACCESS_KEY", "tidewater")
    monkeypatch.setenv("SECTIONWIRE_S3_SECRET_KEY", "not-really")


def opened(server, bucket, tmp_path, **options):
    """The output, as a network file would have it."""
    options = {"bucket": bucket, "endpoint": server, "timeout_seconds": 5, **options}
    config = OutputConfig(type="s3", base_url="https://{section}.example", s3=options)
    return outputs.open_output(config, "pakistan", tmp_path)


@pytest.fixture
def output(server, bucket, tmp_path):
    """An output that leads into the bucket."""
    return opened(server, bucket, tmp_path)


@pytest.fixture
def look(server, bucket):
    """What anybody sees at a name in the bucket, without our code."""
    return lambda name: ask("GET", f"{server}/{bucket}/pakistan/{name}")


def page(text="water"):
    return {"index.html": f"<!doctype html><p>{text}".encode()}


def test_a_page_stands_there_with_its_type_and_cache_headers(output, look):
    """Under the section's prefix, with letters of any script in its path."""
    sent = output.put(PATH, page(), KEY, 1)
    found = look(f"{PATH}index.html")
    assert found.content == page()["index.html"]
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.headers["cache-control"] == "public, max-age=60"
    assert (sent.digest, sent.written) == (digest_of(page()), True)
    assert sent.url == "https://pakistan.example/ur-pk/2026/%D9%BE%D8%A7%D9%86%DB%8C/"


def test_assets_are_kept_for_good_and_written_once(output, look):
    """Their names carry a digest of the content."""
    output.put_assets({"assets/site-12.css": b"p{}"})
    output.put_assets({"assets/site-12.css": b"never looked at"})
    found = look("assets/site-12.css")
    assert (found.content, found.headers["content-type"]) == (b"p{}", "text/css; charset=utf-8")
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_same_sequence_again_changes_nothing_but_what_somebody_changed(output, look, server, bucket):
    """A page that was changed or removed behind our back is put back."""
    output.put(PATH, page(), KEY, 1)
    assert not output.put(PATH, page(), KEY, 1).written
    ask("PUT", f"{server}/{bucket}/pakistan/{PATH}index.html", content=b"defaced")
    assert output.put(PATH, page(), KEY, 1).written
    ask("DELETE", f"{server}/{bucket}/pakistan/{PATH}index.html")
    assert output.put(PATH, page(), KEY, 1).written
    assert look(f"{PATH}index.html").content == page()["index.html"]


def test_a_lower_sequence_is_ignored(output, look):
    """Also for another path, and for a removal."""
    output.put(PATH, page("new"), KEY, 5)
    late = output.put(OTHER, page("old"), KEY, 4)
    assert (late.written, late.digest) == (False, digest_of(page("new")))
    assert not output.remove(KEY, 4).written
    assert look(f"{OTHER}index.html").status_code == 404
    assert look(f"{PATH}index.html").content == page("new")["index.html"]


def test_a_page_that_moves_leaves_nothing_behind(output, look):
    """And says where it was."""
    output.put(PATH, page(), KEY, 1)
    assert output.put(OTHER, page(), KEY, 2).detail == f"moved from {PATH}"
    assert look(f"{PATH}index.html").status_code == 404
    assert [held.path for held in output.held()] == [OTHER]


def test_a_removed_page_stays_away_until_something_newer_comes(output, look):
    """Its entry remains: it holds the fencing token."""
    output.put(PATH, page(), KEY, 1)
    assert output.remove(KEY, 3).written
    assert look(f"{PATH}index.html").status_code == 404
    assert list(output.held()) == []
    assert not output.put(PATH, page(), KEY, 2).written
    assert output.put(PATH, page(), KEY, 4).written
    assert output.remove("never-there", 1).detail == "nothing was there"


def test_a_redirect_is_a_page_that_leads_on(output, look):
    """With the address where search engines look for it, and no script."""
    output.put(PATH, page(), KEY, 1)
    output.put(OTHER, page(), KEY, 2)
    output.redirect(PATH, "https://pakistan.example/a?b=1&c=2", "redirect/1", 1)
    found = look(f"{PATH}index.html").text
    assert '<link rel="canonical" href="https://pakistan.example/a?b=1&amp;c=2">' in found
    assert 'http-equiv="refresh" content="0; url=https://pakistan.example/a?b=1&amp;c=2"' in found
    assert "<script" not in found
    for bad in ("javascript:alert(1)", "//elsewhere.example", "https://a.example/\n", 'https://a.example/"><script>'):
        with pytest.raises(Permanent):
            output.redirect(OTHER, bad, "redirect/2", 1)


def test_what_somebody_else_put_there_is_not_overwritten(output, server, bucket, look):
    """Unless it is the very same."""
    ask("PUT", f"{server}/{bucket}/pakistan/{PATH}index.html", content=b"somebody's")
    with pytest.raises(Permanent, match="did not put it there"):
        output.put(PATH, page(), KEY, 1)
    assert look(f"{PATH}index.html").content == b"somebody's"


def test_held_tells_what_is_there_and_what_became_of_it(output, server, bucket):
    """Untouched, changed and gone; a damaged entry is nobody's."""
    for number in range(3):
        output.put(f"ur-pk/2026/{number}/", page(str(number)), f"{number}/ur-PK", number + 1)
    ask("PUT", f"{server}/{bucket}/pakistan/ur-pk/2026/1/index.html", content=b"defaced")
    ask("DELETE", f"{server}/{bucket}/pakistan/ur-pk/2026/2/index.html")
    ask("PUT", f"{server}/{bucket}/pakistan/.sectionwire/pages/00/torn.json", content=b'{"key": ')
    held = {each.key: each for each in output.held()}
    assert [held[f"{n}/ur-PK"].sequence for n in range(3)] == [1, 2, 3]
    assert held["0/ur-PK"].found == held["0/ur-PK"].digest == digest_of(page("0"))
    assert held["1/ur-PK"].found == hashlib.sha256(b"defaced").hexdigest()
    assert held["2/ur-PK"].found == ""


class Interrupted:
    """A bucket that lets something else happen just before one of its calls."""

    def __init__(self, inner, at, meanwhile):
        self.inner, self.at, self.meanwhile, self.calls = inner, at, meanwhile, []

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if not callable(found):
            return found

        def call(*arguments):
            self.calls.append(name)
            if len(self.calls) == self.at:
                self.meanwhile()
            return found(*arguments)

        return call


ONE, TWO, THREE = page("one"), page("two"), page("three")
HERE, THERE = "here", "there"
SENDS = {  # of the older one: path and files; of the newer one: path and files, or a removal
    "another text": ((HERE, TWO), (HERE, THREE)),
    "the first text again": ((HERE, TWO), (HERE, ONE)),
    "another path": ((HERE, TWO), (THERE, THREE)),
    "back from another path": ((THERE, TWO), (HERE, THREE)),
    "a removal": ((HERE, TWO), None),
}


def send(output, what, place, sequence):
    """Send one of the above; ``place`` keeps the tests apart."""
    if what is None:
        output.remove(place, sequence)
    else:
        output.put(f"{place}/{what[0]}/", what[1], place, sequence)


class Store(dict):
    """A store as S3 is, by its rules for conditional writes: an ETag tells contents apart, not writes."""

    name = "The store"

    def read(self, name):
        data = self.get(name)
        return Found() if data is None else Found(data, hashlib.md5(data).hexdigest())

    def swap(self, name, data, etag, _):
        if self.read(name).etag != etag:
            return ""
        self[name] = data
        return self.read(name).etag

    def remove(self, name):
        self.pop(name, None)


def cross(first, second, case, slow, at, place=KEY):
    """One send stops before one of its calls, while the other goes through. Gives the call; none when it had less."""
    older, newer = SENDS[case]
    stopped, quick = ((older, 2), (newer, 3)) if slow == "older" else ((newer, 3), (older, 2))
    first.put(f"{place}/{HERE}/", ONE, place, 1)
    second._objects = Interrupted(second._objects, at, lambda: send(first, quick[0], place, quick[1]))
    send(second, stopped[0], place, stopped[1])
    return second._objects.calls[at - 1] if len(second._objects.calls) >= at else ""


def standing(case):
    """What shall stand there when both have ended."""
    newer = SENDS[case][1]
    return {f"{KEY}/{newer[0]}/index.html": newer[1]["index.html"]} if newer else {}


@pytest.mark.parametrize("slow", ["older", "newer"])
@pytest.mark.parametrize("case", SENDS)
def test_whenever_two_sends_cross_the_newer_one_stands(tmp_path, case, slow):
    """Wherever one of them stops. Only removing knows no condition: there the page is gone, and held() tells it."""
    for at in range(1, 30):
        store = Store()
        first, second = (opened("https://s3.example", "pages", tmp_path) for _ in range(2))
        first._objects = second._objects = store
        call = cross(first, second, case, slow, at)
        if not call:
            assert at > 4  # it was stopped before each of its calls
            return
        found = {name: data for name, data in store.items() if not name.startswith(".")}
        if call == "remove" and slow == "older":
            assert found in (standing(case), {})
            store.list = lambda prefix, store=store: (name for name in list(store) if name.startswith(prefix))
            assert {held.found for held in first.held()} <= {"", digest_of(THREE)}
        else:
            assert found == standing(case), (at, second._objects.calls)


def test_a_real_store_keeps_the_same_rules(server, bucket, tmp_path, look):
    """The worst crossing, over HTTP: the newer send restores the very bytes that the older one has seen."""
    first, second = opened(server, bucket, tmp_path), opened(server, bucket, tmp_path)
    assert cross(first, second, "the first text again", "older", 4) == "swap"
    for name, data in standing("the first text again").items():
        assert look(name).content == data


def test_many_senders_at_once_leave_the_newest_page(server, bucket, tmp_path, look):
    """Real threads, whatever their order."""
    senders = [
        threading.Thread(target=lambda n=n: opened(server, bucket, tmp_path).put(PATH, page(str(n)), KEY, n))
        for n in range(1, 5)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    opened(server, bucket, tmp_path).put(PATH, page("4"), KEY, 4)  # one that gave up tries again, as the ledger does
    assert look(f"{PATH}index.html").content == page("4")["index.html"]


def test_wrong_credentials_and_a_missing_bucket_are_a_persons_matter(server, bucket, tmp_path, monkeypatch):
    """The messages say where to look, and hold no secret."""
    with pytest.raises(Permanent, match="no such bucket"):
        opened(server, "not-there", tmp_path).put(PATH, page(), KEY, 1)
    with pytest.raises(Permanent, match="no such bucket"):
        list(opened(server, "not-there", tmp_path).held())
    ask("POST", f"{server}/moto-api/reset-auth", content=b"0")  # from now on, moto looks at credentials
    try:
        for use in (lambda out: out.put(PATH, page(), KEY, 1), lambda out: list(out.held())):
            with pytest.raises(Permanent, match="SECTIONWIRE_S3_ACCESS_KEY") as caught:
                use(opened(server, bucket, tmp_path))
            assert "not-really" not in str(caught.value)
    finally:
        ask("POST", f"{server}/moto-api/reset-auth", content=b"1000000000")
    monkeypatch.delenv("SECTIONWIRE_S3_SECRET_KEY")
    with pytest.raises(Permanent, match="SECTIONWIRE_S3_SECRET_KEY"):
        opened(server, bucket, tmp_path).put(PATH, page(), KEY, 1)


def test_a_probe_says_in_a_sentence_what_would_keep_pages_away(server, bucket, tmp_path, monkeypatch):
    """A missing bucket, wrong credentials, none, a closed port; it changes nothing where all is well."""
    opened(server, bucket, tmp_path).probe()
    assert b"<Contents>" not in ask("GET", f"{server}/{bucket}?list-type=2").content

    def refused(endpoint=server, name=bucket):
        with pytest.raises((Permanent, Transient)) as caught:
            opened(endpoint, name, tmp_path).probe()
        assert "not-really" not in str(caught.value)
        return type(caught.value), caught.value.message

    assert refused(name="not-there") == (Permanent, f"There is no such bucket as not-there at {server} (NoSuchBucket).")
    ask("POST", f"{server}/moto-api/reset-auth", content=b"0")
    try:
        kind, message = refused()
    finally:
        ask("POST", f"{server}/moto-api/reset-auth", content=b"1000000000")
    assert (kind, message.startswith(f"The bucket {bucket} refuses our credentials (403")) == (Permanent, True)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    assert refused(nobody) == (Unreachable, f"The bucket {bucket} at {nobody} could not be reached (no answer).")
    monkeypatch.delenv("SECTIONWIRE_S3_SECRET_KEY")
    assert refused() == (Permanent, "There is no secret in SECTIONWIRE_S3_SECRET_KEY.")


def test_what_may_pass_is_transient_and_what_stays_is_not(bucket, tmp_path):
    """By the status of the store's answer."""
    body = b"<?xml version='1.0'?><Error><Code>Told</Code><Message>In plain words</Message></Error>"
    for status, kind in {
        408: Transient,
        429: Transient,
        500: Transient,
        503: Transient,
        400: Permanent,
        301: Permanent,
    }.items():
        with serving(lambda _, status=status: Reply(status, body)) as url, pytest.raises(kind) as caught:
            opened(url, bucket, tmp_path).put(PATH, page(), KEY, 1)
        assert status == 301 or "Told: In plain words" in str(caught.value)
        assert len(str(caught.value)) < 400


def test_a_store_that_hangs_breaks_off_or_is_not_there_is_transient(bucket, tmp_path):
    """After the time that the network file gives it."""
    release = threading.Event()
    with serving(lambda _: release.wait(5) and Reply()) as url:
        with pytest.raises(Transient):
            opened(url, bucket, tmp_path, timeout_seconds=0.2).put(PATH, page(), KEY, 1)
        release.set()
    with serving(lambda _: Reply(200, b"x" * 1000, broken=10)) as url, pytest.raises(Transient):
        opened(url, bucket, tmp_path, timeout_seconds=0.5).put(PATH, page(), KEY, 1)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Transient):
        opened(f"http://127.0.0.1:{port}", bucket, tmp_path).put(PATH, page(), KEY, 1)


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({"type": "s3"}, "needs a table of its own"),
        ({"type": "folder", "s3": {"bucket": "pages"}}, "has a table “s3”"),
        ({"type": "s3", "s3": {"bucket": "pages", "secret_key": "aB3/secret+itself"}}, "Name the variable"),
        ({"type": "s3", "s3": {"bucket": "pages", "endpoint": "s3.example"}}, "is no address"),
        ({"type": "webhook", "webhook": {"url": "https://name:secret@cms.example/"}}, "no password in it"),
    ],
)
def test_a_network_file_that_makes_no_sense_says_what_to_write(table, wrong):
    """With the line; a secret that was pasted in place of its variable's name is not repeated."""
    values = tomlkit.dumps({"outputs": {"store": {"base_url": "https://a.example", **table}}})
    with pytest.raises(Permanent, match=wrong) as caught:
        network.parse(f"[organisation]\nname = 'Tidewater Relief'\n{values}")
    assert "secret+itself" not in str(caught.value)


def test_options_of_somebody_elses_output_reach_it():
    """In a table of their own."""
    config = OutputConfig(type="wiki", base_url="https://a.example", options={"space": "tides", "depth": 3})
    assert config.options == {"space": "tides", "depth": 3}
