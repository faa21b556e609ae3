"""The webhook output, against a real receiver over HTTP."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from datetime import UTC, datetime

import pytest

from pipeline.documents import Alternate, Metadata, Page, Provenance
from pipeline.errors import Permanent, Transient, Unreachable
from pipeline.network import Output as OutputConfig
from pipeline.stages.publish import outputs
from pipeline.stages.publish.outputs import webhook
from pipeline.stages.publish.outputs.contract import Held, Unverifiable
from tests.receiver import SECRET, Receiver, Reply, serving

PATH = "pt-pt/2026/agua/"
KEY = "tide/pt-PT"
FILES = {"index.html": b"<!doctype html><title>Water</title>"}
DIGEST = hashlib.sha256(FILES["index.html"]).hexdigest()
PAGE = Page(
    Metadata(title="Água", tags=("rivers",), embargo=datetime(2026, 11, 22, tzinfo=UTC)),
    "<p>Água</p>",
    *("pt-PT", "portugal", PATH, "https://portugal.example/x"),
    alternates=(Alternate("en-GB", "https://uk.example/x"),),
    provenance=Provenance("tide", 2, 3, "abc", "en", "machine", ("firefox:enpt",), "Inês"),
    published_at=datetime(2026, 11, 22, 8, tzinfo=UTC),
    updated_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
)


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET", SECRET)
    webhook._sent_assets.clear()


def opened(url, tmp_path, **options):
    """The output, as a network file would have it."""
    options = {"url": f"{url}/in", "list_url": f"{url}/list", "allow_private": True, "timeout_seconds": 5, **options}
    config = OutputConfig(type="webhook", base_url="https://{section}.example", webhook=options)
    return outputs.open_output(config, "portugal", tmp_path)


@pytest.fixture
def receiver():
    """A receiver that does what docs/outputs.md asks of it."""
    return Receiver()


@pytest.fixture
def output(receiver, tmp_path):
    """An output that leads there."""
    with serving(receiver) as url:
        yield opened(url, tmp_path)


def test_a_page_arrives_whole_and_signed(output, receiver):
    """The receiver has checked the signature; it gets the page, what is known of it, and who made it."""
    sent = output.put(PATH, FILES, KEY, 4, PAGE)
    assert (sent.url, sent.digest, sent.written) == (f"https://portugal.example/{PATH}", DIGEST, True)
    body = receiver.pages[KEY]
    assert (body["action"], body["section"], body["sequence"], body["path"]) == ("put", "portugal", 4, PATH)
    assert (body["html"].encode(), body["language"], body["digest"]) == (FILES["index.html"], "pt-PT", DIGEST)
    assert (body["metadata"]["title"], body["metadata"]["tags"]) == ("Água", ["rivers"])
    assert body["metadata"]["embargo"] == "2026-11-22T00:00:00+00:00"
    assert (body["provenance"]["approved_by"], body["provenance"]["engines"]) == ("Inês", ["firefox:enpt"])
    assert body["alternates"] == [{"language": "en-GB", "url": "https://uk.example/x", "title": ""}]


def test_a_repeat_carries_the_same_idempotency_key_and_anything_newer_another(output, receiver):
    """So that a receiver can tell a repetition from a change; the sequence stands in a header, too."""
    for sequence in (4, 4, 5):
        output.put(PATH, FILES, KEY, sequence)
    output.put("pt-pt/2026/other/", FILES, "other/pt-PT", 5)
    output.remove(KEY, 5)
    first, again, *others = [request.headers for request in receiver.seen]
    assert first["idempotency-key"] == first["webhook-id"] == again["idempotency-key"]
    assert len({first["idempotency-key"], *(other["idempotency-key"] for other in others)}) == 4
    assert [h["sectionwire-sequence"] for h in (first, again, *others)] == ["4", "4", "5", "5", "5"]


def test_something_newer_there_is_no_error(output, receiver):
    """409 with a higher sequence: superseded, and the answer says by what."""
    output.put(PATH, FILES, KEY, 7)
    late = output.put(PATH, {"index.html": b"old"}, KEY, 6)
    assert (late.written, late.digest) == (False, DIGEST)
    assert "sequence 7" in late.detail
    assert receiver.pages[KEY]["sequence"] == 7


def test_a_conflict_without_a_higher_sequence_is_a_persons_matter(receiver, tmp_path):
    """Whatever the body of the answer is."""
    for body in (b"", b"[]", b'{"sequence": 4}', b'{"sequence": "9"}', b'{"sequence": true}', b"[" * 100_000):
        with serving(lambda _, body=body: Reply(409, body)) as url, pytest.raises(Permanent, match="409"):
            opened(url, tmp_path).put(PATH, FILES, KEY, 4)


def test_removal_and_redirect(output, receiver):
    """A removed page stays away until something newer comes."""
    output.put(PATH, FILES, KEY, 1)
    assert output.remove(KEY, 2).digest == ""
    assert not output.put(PATH, FILES, KEY, 1).written
    assert receiver.pages == {}
    output.redirect(PATH, "https://portugal.example/new/", "redirect/1", 1)
    body = receiver.pages["redirect/1"]
    assert (body["action"], body["path"], body["to"]) == ("redirect", PATH, "https://portugal.example/new/")
    with pytest.raises(Permanent):
        output.redirect(PATH, "javascript:alert(1)", "redirect/1", 2)


def test_a_receiver_may_say_where_the_page_stands_and_what_stands_there(tmp_path):
    """An address that is none is not taken over, and the receipt says so."""
    other = "f" * 64
    cases = [
        ({"url": "https://cms.example/7", "digest": other}, ("https://cms.example/7", other, "")),
        ({"url": "javascript:alert(1)", "digest": "no digest"}, (None, DIGEST, "the receiver's url is no address")),
        ({"url": 7, "digest": 7}, (None, DIGEST, "the receiver's url is no address")),
        ({"url": "https://a.example/" + "x" * 3000}, (None, DIGEST, "the receiver's url is no address")),
        (["url"], (None, DIGEST, "")),
    ]
    for said, (url, digest, detail) in cases:
        with serving(lambda _, said=said: Reply(200, json.dumps(said).encode())) as address:
            sent = opened(address, tmp_path).put(PATH, FILES, KEY, 1)
        assert (sent.url, sent.digest) == (url or f"https://portugal.example/{PATH}", digest)
        assert sent.detail.startswith(detail)


def test_assets_are_sent_once_by_a_process_and_files_that_are_no_text_in_base64(output, receiver):
    """They carry a digest in their names."""
    for _ in range(2):
        output.put_assets({"assets/site-12.css": b"p{}", "assets/dot-34.png": b"\x89PNG\xff"})
    assert len(receiver.seen) == 2
    style = receiver.assets["assets/site-12.css"]
    assert style["file"]["text"] == "p{}"
    assert style["url"] == output.address("assets/site-12.css")
    assert style["digest"] == hashlib.sha256(b"p{}").hexdigest()
    assert receiver.assets["assets/dot-34.png"]["file"]["base64"] == "iVBOR/8="
    output.put("pt-pt/", {"feed.atom": b"<feed/>"}, "feed/pt-PT", 1)
    body = receiver.pages["feed/pt-PT"]
    assert (body["html"], body["metadata"]) == (None, None)
    assert body["files"] == [{"name": "feed.atom", "type": "application/atom+xml", "text": "<feed/>"}]


def test_held_is_what_the_receiver_lists_page_by_page(output, receiver):
    """Its list may have several pages."""
    receiver.listed = 2
    for number in range(5):
        output.put(f"pt-pt/2026/{number}/", FILES, f"{number}/pt-PT", 1)
    held = list(output.held())
    assert [page.key for page in held] == [f"{number}/pt-PT" for number in range(5)]
    assert held[0] == Held("0/pt-PT", 1, "pt-pt/2026/0/", "https://portugal.example/pt-pt/2026/0/", DIGEST, DIGEST)


def test_without_a_list_nothing_can_be_verified(tmp_path):
    """Which is said, and not taken for an empty output."""
    with pytest.raises(Unverifiable, match="list_url"):
        next(opened("https://cms.example", tmp_path, list_url="").held())


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        b"[]",
        b'{"pages": 3}',
        b'{"pages": [3]}',
        b'{"pages": [{"key": "a", "sequence": true, "digest": ""}]}',
        b'{"pages": [], "next": "https://elsewhere.example/"}',
        b'{"pages": [], "next": "/list"}',
        b'{"pages": [], "next": "http://[bad"}',
        b'{"pages": [], "next": 7}',
    ],
)
def test_a_list_that_makes_no_sense_is_told(answer, tmp_path):
    """Neither endless, nor on another server, nor half understood."""
    with serving(lambda _: Reply(200, answer)) as url, pytest.raises(Permanent):
        list(opened(url, tmp_path).held())


def test_the_wrong_secret_says_where_to_look(output, monkeypatch):
    """The receiver answers 401."""
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET", SECRET.replace("dGl", "dGk"))
    with pytest.raises(Permanent, match="SECTIONWIRE_WEBHOOK_SECRET"):
        output.put(PATH, FILES, KEY, 1)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "no base64 at all, and long enough for one", "ä" * 40]
)
def test_a_secret_that_is_none_is_told_before_anything_is_sent(output, receiver, monkeypatch, secret):
    """And is not repeated in the message."""
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET", secret)
    with pytest.raises(Permanent, match="SECTIONWIRE_WEBHOOK_SECRET") as caught:
        output.put(PATH, FILES, KEY, 1)
    assert len(secret) < 8 or secret not in str(caught.value)
    assert receiver.seen == []


def test_a_secret_may_stand_in_a_file(output, monkeypatch, tmp_path):
    """As containers hand it over."""
    monkeypatch.delenv("SECTIONWIRE_WEBHOOK_SECRET")
    file = tmp_path / "secret"
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET_FILE", str(file))
    with pytest.raises(Permanent, match="can't be read"):
        output.put(PATH, FILES, KEY, 1)
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    assert output.put(PATH, FILES, KEY, 1).written


def test_a_receiver_inside_the_own_network_must_be_allowed(receiver, tmp_path):
    """By the network file."""
    with serving(receiver) as url, pytest.raises(Permanent, match="allow_private"):
        opened(url, tmp_path, allow_private=False).put(PATH, FILES, KEY, 1)


def test_troubles_of_the_receiver_are_transient_and_its_wish_is_told(tmp_path):
    """The ledger waits as long as it asked for."""
    with serving(lambda _: Reply(429, headers={"Retry-After": "90"})) as url, pytest.raises(Transient) as caught:
        opened(url, tmp_path).put(PATH, FILES, KEY, 1)
    assert caught.value.retry_after == 90


@pytest.mark.parametrize("path", ["../x/", "/x/", ".hidden/", "a//b/"])
def test_paths_that_leave_a_site_are_not_sent(output, receiver, path):
    """What a folder refuses, no receiver has to deal with."""
    with pytest.raises(Permanent):
        output.put(path, FILES, KEY, 1)
    with pytest.raises(Permanent):
        output.redirect(path, "https://a.example/", KEY, 1)
    assert receiver.seen == []


def test_a_probe_says_in_a_sentence_what_would_keep_pages_away(output, receiver, tmp_path, monkeypatch):
    """Another secret, none, a closed port, a receiver that hangs or is broken; it sends nothing where all is well."""
    output.probe()
    assert receiver.seen == []

    def refused(out):
        with pytest.raises((Permanent, Transient)) as caught:
            out.probe()
        return caught.value

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nobody = refused(opened(f"http://127.0.0.1:{port}", tmp_path))
    assert isinstance(nobody, Unreachable)
    assert nobody.message.startswith(f"http://127.0.0.1:{port}/in could not be reached: ")
    over = threading.Event()
    with serving(lambda _: over.wait(5) and Reply()) as url:
        slow = refused(opened(url, tmp_path, timeout_seconds=0.2))
        over.set()
    assert isinstance(slow, Unreachable)
    assert slow.message.endswith("/in did not answer within 0.2 seconds.")
    with serving(lambda _: Reply(503)) as url:
        assert isinstance(refused(opened(url, tmp_path)), Transient)
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET", SECRET.replace("dGl", "dGk"))
    wrong = refused(output)
    assert isinstance(wrong, Permanent)
    assert (wrong.message.endswith("answered with 401."), "SECTIONWIRE_WEBHOOK_SECRET" in wrong.remedy) == (True, True)
    monkeypatch.delenv("SECTIONWIRE_WEBHOOK_SECRET")
    assert refused(output).message == "There is no secret in SECTIONWIRE_WEBHOOK_SECRET."
