"""The only way out over HTTP: bounded, checked, and honest about what went wrong."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pipeline import outbound
from pipeline.errors import Permanent, Transient
from pipeline.outbound import connections
from tests.receiver import Reply, serving


def get(url, **options):
    """A request inside the own network, where the tests' servers stand."""
    return outbound.request("GET", url, **{"allow_private": True, "timeout": 5, **options})


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.8.9.1",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
        ),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1"),
        *(
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
            "2001:db8::1",
            "words",
        ),
    ],
)
def test_addresses_inside_are_not_public(address):
    """Private, loopback, link-local, carrier's, multicast, documentation, and each of them wrapped in IPv6."""
    assert not connections.is_public(address)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"])
def test_addresses_of_the_internet_are_public(address):
    """IPv4 and IPv6, plain and wrapped."""
    assert connections.is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_server_inside_is_not_reached_by_whatever_name(host):
    """Nothing is sent; the message says how to allow it."""
    seen = []
    with (
        serving(lambda request: seen.append(request) or Reply()) as url,
        pytest.raises(Permanent, match=r"allow_private"),
    ):
        outbound.request("GET", url.replace("127.0.0.1", host) + "/x", timeout=5)
    assert seen == []


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch):
    """A name that resolves to another address a moment later gains nothing: it is resolved once."""
    answers = [[("9.9.9.9", 80)], [("127.0.0.1", 80)]]
    asked, connected = [], []

    def resolve(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", pair) for pair in answers[min(len(asked) - 1, 1)]]

    def connect(address, *_, **__):
        connected.append(address)
        raise OSError("no way there")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Transient, match="no way there"):
        outbound.request("GET", "http://rebinding.example/", timeout=5)
    assert (asked, connected) == (["rebinding.example"], [("9.9.9.9", 80)])


def test_of_several_addresses_only_public_ones_are_tried(monkeypatch):
    """The next one when the first does not answer; one that is inside never."""
    found = ["10.0.0.9", "9.9.9.9", "149.112.112.112"]
    connected = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (each, 80)) for each in found])
    monkeypatch.setattr(
        socket,
        "create_connection",
        lambda address, *_, **__: connected.append(address[0]) or (_ for _ in ()).throw(OSError()),
    )
    with pytest.raises(Transient):
        outbound.request("GET", "http://many.example/", timeout=5)
    assert connected == found[1:]


def test_a_redirect_inside_is_refused_like_an_address_inside(monkeypatch):
    """Every hop is checked: here only the first is allowed."""
    checked = []

    def once(address):
        checked.append(address)
        return len(checked) == 1

    monkeypatch.setattr(connections, "is_public", once)
    with (
        serving(lambda _: Reply(302, headers={"Location": "http://127.0.0.1:9/secret"})) as url,
        pytest.raises(Permanent, match="inside the own network"),
    ):
        outbound.request("GET", url, follow=3, timeout=5)
    assert len(checked) == 2


def test_redirects_are_followed_as_far_as_allowed_and_without_secrets():
    """Another server doesn't get the credentials that were meant for the first."""
    seen = []
    with (
        serving(lambda request: seen.append(request) or Reply(body=b"end")) as other,
        serving(lambda _: Reply(301, headers={"Location": f"{other}/there"})) as url,
    ):
        headers = {"Authorization": "Bearer x", "X-Plain": "y"}
        answer = get(url, headers=headers, follow=1)
        assert (answer.content, answer.url) == (b"end", f"{other}/there")
        with pytest.raises(outbound.Refused, match=f"has moved to {other}/there"):
            get(url)
    assert "authorization" not in seen[0].headers
    assert seen[0].headers["x-plain"] == "y"


def test_redirects_without_end_end():
    """After as many as were allowed."""
    with (
        serving(lambda _: Reply(302, headers={"Location": "/again"})) as url,
        pytest.raises(Permanent, match="4 times"),
    ):
        get(url, follow=4)


def test_a_redirected_post_is_not_repeated_elsewhere():
    """Whoever gave the address must give the new one."""
    with serving(lambda _: Reply(307, headers={"Location": "/new"})) as url, pytest.raises(outbound.Refused) as caught:
        outbound.request("POST", url, content=b"x", follow=3, allow_private=True, timeout=5)
    assert caught.value.status == 307


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "file:///etc/passwd", "http://", "//a.example", "", "http://a b/", "http://u:p@a.example/"],
)
def test_what_is_no_web_address_is_refused(url):
    """At once, and without a password in the message."""
    with pytest.raises(Permanent) as caught:
        outbound.request("GET", url)
    assert "u:p" not in str(caught.value)


def test_messages_carry_no_secrets_of_the_address():
    """A query may hold a token."""
    with serving(lambda _: Reply(500)) as url, pytest.raises(Transient) as caught:
        get(f"{url}/feed?token=secret#part")
    assert "secret" not in str(caught.value)
    assert "/feed" in str(caught.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_transient(status):
    """408, 425, 429 and 5xx."""
    with serving(lambda _: Reply(status)) as url, pytest.raises(Transient, match=str(status)):
        get(url)


@pytest.mark.parametrize("status", [304, 400, 401, 403, 404, 409, 410, 413, 422])
def test_other_statuses_are_refusals_unless_the_caller_takes_them(status):
    """With the status, and something to do."""
    with serving(lambda _: Reply(status)) as url:
        with pytest.raises(outbound.Refused) as caught:
            get(url)
        assert (caught.value.status, bool(caught.value.remedy)) == (status, True)
        assert get(url, accept={status}).status == status


def test_retry_after_is_seconds_or_a_date_and_never_longer_than_a_day():
    """Anything else says nothing."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    cases = {"7": 7, "0": 0, "999999999": 86_400, "-5": None, "soon": None, "": None, "²": None, soon: 100}
    cases["Fri, 31 Dec 1999 23:59:59 GMT"] = 0
    for value, wanted in cases.items():
        with (
            serving(lambda _, value=value: Reply(503, headers={"Retry-After": value})) as url,
            pytest.raises(Transient) as caught,
        ):
            get(url)
        found = caught.value.retry_after
        assert found is wanted is None or found == pytest.approx(wanted, abs=5), value


def test_the_words_of_a_server_are_quoted_in_one_line_and_not_at_length():
    """Control characters could deceive whoever reads the message in a terminal."""
    text = b"No\x1b[2J such\nsection. " + b"x" * 5000
    with (
        serving(lambda _: Reply(422, text, {"Content-Type": "text/plain"})) as url,
        pytest.raises(outbound.Refused) as caught,
    ):
        get(url)
    message = str(caught.value)
    assert "No [2J such section." in message
    assert "\x1b" not in message
    assert len(message) < 500


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_is_read_up_to_the_limit_and_no_further(packed):
    """Also where a few bytes unpack to many."""
    plain = b"a" * 50_000_000
    body = gzip.compress(plain, 1) if packed else plain
    headers = {"Content-Encoding": "gzip"} if packed else {}
    with (
        serving(lambda _: Reply(200, body, headers)) as url,
        pytest.raises(Permanent, match="more than 1,000 bytes"),
    ):
        get(url, limit=1000)


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
def test_encodings_that_may_come_are_undone(encoding, pack):
    """The text comes back whole."""
    text = "Die Flut stieg. 洪水 " * 3000
    with serving(lambda _: Reply(200, pack(text.encode()), {"Content-Encoding": encoding})) as url:
        assert get(url).content.decode() == text


def test_encodings_that_nobody_asked_for_and_damage_are_told():
    """Never taken for the text."""
    replies = [
        (Permanent, Reply(200, b"x", {"Content-Encoding": "br"})),
        (Transient, Reply(200, b"no gzip at all", {"Content-Encoding": "gzip"})),
        (Transient, Reply(200, gzip.compress(b"text" * 99)[:-9], {"Content-Encoding": "gzip"})),
        (Transient, Reply(200, gzip.compress(b"text" * 99)[:10], {"Content-Encoding": "gzip"})),
        (Transient, Reply(200, b"x" * 1000, broken=500)),
    ]
    for kind, reply in replies:
        with serving(lambda _, reply=reply: reply) as url, pytest.raises(kind):
            get(url)


def test_bytes_that_drip_do_not_prolong_the_deadline():
    """The deadline is for the whole answer, not for each read of it."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = server.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not over.wait(0.02):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with server, pytest.raises(Transient, match=r"within 0\.2 seconds"):
        get(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=0.2)
    over.set()
    thread.join()


def test_a_name_that_takes_too_long_is_given_up(monkeypatch):
    """The system's resolver has no deadline of its own."""
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(5) and [])
    with pytest.raises(Transient, match="did not answer"):
        get("http://slow.example/", timeout=0.1)
    release.set()


def test_nothing_of_the_environment_and_nothing_of_earlier_answers_is_sent(monkeypatch):
    """No proxy, no cookie; our name is."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    seen = []
    with serving(lambda request: seen.append(request) or Reply(200, b"", {"Set-Cookie": "a=b"})) as url:
        get(url)
        get(url)
    assert len(seen) == 2
    assert "cookie" not in seen[1].headers
    assert seen[1].headers["user-agent"].startswith("Sectionwire/")


def test_head_has_no_body_and_header_names_are_lower_case():
    """As callers look for them."""
    with serving(lambda _: Reply(200, b"", {"X-Tide": "High", "Content-Length": "12"})) as url:
        answer = outbound.request("head", url, allow_private=True, timeout=5)
    assert (answer.content, answer.headers["x-tide"]) == (b"", "High")


def test_a_server_that_is_not_there_is_transient():
    """It may be tomorrow."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Transient, match="could not be reached"):
        get(f"http://127.0.0.1:{port}/")


def certificate(folder, name):
    """A self-signed certificate for a name, with its key: one file for the server, and for those who trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(signed.public_bytes(Encoding.PEM) + secret)
    return file


def test_tls_asks_for_the_name_although_the_address_is_pinned(tmp_path, monkeypatch):
    """A server without a certificate for that name gets no request."""
    file = certificate(tmp_path, "tides.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    for cached in (connections._trust, connections._transport):
        cached.cache_clear()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    seen = []
    with serving(lambda request: seen.append(request) or Reply(200, b"high"), tls=context) as url:
        port = int(url.rpartition(":")[2])
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", port))])
        assert get(f"https://tides.example:{port}/").content == b"high"
        with pytest.raises(Transient, match=r"(?i)certificate"):
            get(f"https://floods.example:{port}/")
    assert [request.headers["host"] for request in seen] == [f"tides.example:{port}"]
    for cached in (connections._trust, connections._transport):
        cached.cache_clear()
