"""The log: whose work each line is about, and that no secret gets into it, however it is thrown at it."""

from __future__ import annotations

import io
import json
import logging
from contextlib import contextmanager

import pytest
import structlog

from config import log as config_log
from pipeline import masking
from pipeline.errors import Permanent, Transient
from pipeline.flow import work
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Article, Delivery, Receipt, Revision, Status, Translation

DATABASE = "postgresql://tidewater:s3cr3t/tide+pool@db.example:5432/ledger"
BROKER = "redis://:sandbag-relay-77@broker.example:6379/0"


@contextmanager
def written(monkeypatch, format_: str = "json"):
    """What the log says within: as our processes write it, at INFO."""
    monkeypatch.setenv("SECTIONWIRE_LOG_FORMAT", format_)
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    config_log.configure()
    root.setLevel("INFO")
    assert isinstance(root.handlers[0], logging.StreamHandler)
    root.handlers[0].setStream(stream)
    try:
        yield stream
    finally:
        root.handlers[:], root.level = handlers, level
        masking.remember([])
        structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_of_work_names_article_stage_and_place(desk, monkeypatch):
    """From the first stage to the last, also what a row that fails says."""
    with written(monkeypatch) as stream:
        uid = desk.submit().article.uid
        desk.work()
    told = lines(stream)
    done = [line for line in told if line["event"] in {"done", "confirmed"}]
    stages = {line["stage"] for line in done}
    assert stages == {"segment", "translate", "publish"}
    for line in done:
        assert line["lane"]
        if "page" not in line:  # front pages and feeds are no article's
            assert line["article"] == uid, line
        if line["stage"] == "publish":
            assert line["section"]
            assert line["output"] == "site"
        if line["stage"] == "translate":
            assert line["language"] == "pt"


def test_a_failure_names_article_stage_and_section_too(desk, monkeypatch):
    """Both kinds: foreseen, and not."""
    (desk.home / "outputs").mkdir()
    (desk.home / "outputs" / "brazil").touch()
    with written(monkeypatch) as stream:
        uid = desk.submit().article.uid
        desk.work()
    failed = [line for line in lines(stream) if line["event"].startswith("failed") and "page" not in line]
    assert failed
    assert {(line["article"], line["stage"], line["section"]) for line in failed} == {(uid, "publish", "brazil")}


def test_a_stage_that_fails_is_told_as_that_stage(desk, monkeypatch):
    """Cleaning and segmenting share a claim, but not their name; a row whose article was not read has it as well."""
    article = desk.submit().article
    row = Revision.objects.get()
    claim = claims.take(Revision, "prepare", 1, 45)
    with written(monkeypatch) as stream:
        work.record_failure(Revision.objects.get(pk=row.pk), claim, ValueError("odd"))
    (line,) = lines(stream)
    assert (line["article"], line["stage"]) == (article.uid, "clean")


SECRETS = {
    "an address of the ledger in a driver's error": (
        RuntimeError(f'connection to "{DATABASE}" failed'),
        "s3cr3t",
    ),
    "the broker's address": (OSError(f"Error 111 connecting to {BROKER}."), "sandbag-relay-77"),
    "a broker's address without a colon": (OSError("redis://sandbagrelay77@broker:6379/0"), "sandbagrelay77"),
    "a password with an @ in it": (RuntimeError("amqp://tide:wat@er-wheel@host/x"), "er-wheel"),
    "a DSN of libpq": (RuntimeError("host=db user=tide password=mill-stream port=5432"), "mill-stream"),
    "a quoted password": (RuntimeError("password='mill stream race'"), "stream race"),
    "a header": (RuntimeError("{'Authorization': 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.x'}"), "eyJhbGciOiJIUzI1NiJ9"),
    "a header as bytes": (RuntimeError("(b'authorization', b'Basic dGlkZTp3YXRlcg==')"), "dGlkZTp3YXRlcg"),
    "a header in JSON in text": (
        RuntimeError(json.dumps({"Authorization": "Basic dGlkZTp3YXRlcg=="})),
        "dGlkZTp3YXRlcg",
    ),
    "a bare bearer": (RuntimeError("refused Bearer abc123.def456"), "abc123"),
    "our token": (RuntimeError("swt_Zm9vYmFyYmF6cXV4 is unknown"), "Zm9vYmFyYmF6cXV4"),
    "a signing secret": (RuntimeError("can't decode whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "MfKQ9r8GKYqrTwjUPD8"),
    "a signature": (RuntimeError("webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="), "K5oZfzN95Z9"),
    "a cookie": (RuntimeError("Cookie: sessionid=hq2v9x7; csrftoken=abc"), "hq2v9x7"),
    "a signed address": (RuntimeError("GET https://s3.example/a?X-Amz-Signature=fe5f80f77d5f&x=1"), "fe5f80f77d5f"),
    "a key file": (
        RuntimeError("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----"),
        "MIIEvQIBADAN",
    ),
    "a known secret alone": (RuntimeError("odd value: tide-table-4711"), "tide-table-4711"),
    "a known secret in an address": (RuntimeError("GET /x?u=wei%C3%9Fe%20Flut%2F%22quoted%22"), "Flut"),
    "a known secret in a repr": (RuntimeError(repr({"x": 'weiße Flut/"quoted"'})), "Flut"),
    "a known secret from a file": (RuntimeError("it is lantern-festival-9"), "lantern-festival"),
}


@pytest.fixture
def given_secrets(monkeypatch, tmp_path):
    """Secrets of a deployment: in variables, and in a file that one names."""
    (tmp_path / "secret").write_text("lantern-festival-9\n")
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET", "tide-table-4711")
    monkeypatch.setenv("SECTIONWIRE_S3_SECRET_KEY", 'weiße Flut/"quoted"')
    monkeypatch.setenv("MAIL_PASSWORD_FILE", str(tmp_path / "secret"))


@pytest.mark.parametrize("format_", ["json", "text"])
@pytest.mark.parametrize("way", SECRETS)
def test_no_secret_gets_into_the_log(way, format_, monkeypatch, given_secrets):
    """In the event, in a field, nested in a field, in a traceback with its cause, from a foreign library."""
    error, secret = SECRETS[way]
    with written(monkeypatch, format_) as stream:
        structlog.get_logger().warning(str(error), why=str(error), nested={"deep": [str(error)]}, error=repr(error))
        logging.getLogger("foreign").error("It said %s", error)
        try:
            raise ValueError("outer") from error
        except ValueError:
            structlog.get_logger().exception("failed unexpectedly")
            logging.getLogger("foreign").exception("foreign")
    text = stream.getvalue()
    assert secret not in text
    assert masking.MASK in text
    if format_ == "json":
        assert len(lines(stream)) == 4


def test_what_is_no_secret_stays_readable(monkeypatch, given_secrets):
    """Else nobody could read the log."""
    plain = [
        "password authentication failed for user tide",
        "https://example.org/a?page=2&sort=name",
        "mail to ana@example.org: 12:30@pier",
        "the token is unknown",
        "basic training, bearer of news",
        "redis://127.0.0.1:6379/0",
        "tokens: 4 of 5",
    ]
    with written(monkeypatch) as stream:
        for each in plain:
            structlog.get_logger().info(each)
    assert [line["event"] for line in lines(stream)] == plain


def test_reasons_in_the_ledger_hold_no_secrets_either(desk, monkeypatch):
    """They are read in the desk, and sent by e-mail."""
    desk.submit()
    desk.work(publishing=False)
    monkeypatch.setattr("pipeline.flow.publish.output_of", lambda *_: (_ for _ in ()).throw(Transient(f"no: {BROKER}")))
    Article.objects.update(title="x")
    from pipeline.flow import publish

    assert Delivery.objects.exists()
    publish.run("site")
    kept = [*Delivery.objects.values_list("reason", flat=True), *Receipt.objects.values_list("detail", flat=True)]
    assert any(masking.MASK in each for each in kept)
    assert not any("sandbag" in each for each in kept)


def test_unforeseen_errors_are_masked_in_the_ledger(desk, monkeypatch):
    """The text of a driver's error goes into the reason."""
    desk.submit()
    desk.work(publishing=False)
    Translation.objects.update(status=Status.READY, due_at="2020-01-01T00:00Z")
    row = Translation.objects.filter(base="pt").get()
    claim = claims.take(Translation, row.lane, 1, 45)
    row.refresh_from_db()
    work.record_failure(row, claim, Permanent("no", f"Mend {DATABASE}"))
    row.refresh_from_db()
    assert "s3cr3t" not in row.reason
    assert masking.MASK in row.reason
