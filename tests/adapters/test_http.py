"""HTTP out reaches checked, public hosts alone, asks once, follows nothing, keeps nothing (H1)."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.adapters.http import Limits, Rules, SafeHttp
from engine.adapters.http.addresses import NOT_PUBLIC, NOT_PUBLIC_6, Target, is_public
from engine.adapters.http.client import Streams
from engine.errors import AddressRefused, HttpFailed
from engine.ports.http import HttpAnswer, HttpRequest
from tests.adapters.ssrf import ANSWERED, PUBLIC, PUBLIC_6, WRITTEN

CASES = [(why, uri) for why, uris in WRITTEN.items() for uri in uris]


class Nowhere:
    """Connects nobody and counts who wanted to be."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.resolved: list[tuple[str, int]] = []
        self.dialled: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.resolved.append((host, port))
        return self.addresses

    async def dial(self, address: str, target: Target, tls: ssl.SSLContext | None) -> Streams:
        self.dialled.append(address)
        raise ConnectionRefusedError

    def http(self, **rules: object) -> SafeHttp:
        known = Rules(**rules)  # type: ignore[arg-type]  # as the test names them
        return SafeHttp(rules=known, resolve=self.resolve, dial=self.dial)


def refused(nowhere: Nowhere, uri: str, **rules: object) -> str:
    with pytest.raises(AddressRefused) as caught:
        asyncio.run(nowhere.http(**rules).send(HttpRequest(method="POST", uri=uri)))
    return str(caught.value)


def test_there_are_as_many_cases_as_were_asked_for() -> None:
    assert len(CASES) + len(ANSWERED) >= 120
    assert len(set(CASES)) == len(CASES)


@pytest.mark.parametrize(("why", "uri"), CASES)
def test_no_such_address_is_reached_or_even_asked_for(why: str, uri: str) -> None:
    nowhere = Nowhere(PUBLIC)

    message = refused(nowhere, uri)

    assert nowhere.dialled == []
    assert nowhere.resolved == []
    assert nowhere.http().refusal(uri)
    assert "\n" not in message


@pytest.mark.parametrize("network", [*NOT_PUBLIC, *NOT_PUBLIC_6], ids=str)
def test_every_network_that_is_kept_out_has_a_case_that_misses_it(
    network: IPv4Network | IPv6Network,
) -> None:
    written = [ip for _, uri in CASES if (ip := literal(uri)) is not None]
    answered = [ip_address(a) for some in ANSWERED.values() for a in some if a[0].isdigit()]

    assert any(ip in network for ip in (*written, *answered))


def literal(uri: str) -> IPv4Address | IPv6Address | None:
    """Read the address that an address names outright."""
    host = uri.removeprefix("https://").partition("/")[0].strip("[]")
    try:
        return ip_address(host)
    except ValueError:
        return None


@pytest.mark.parametrize("addresses", ANSWERED.values(), ids=ANSWERED)
def test_a_name_is_refused_if_one_of_all_its_addresses_is_not_public(
    addresses: tuple[str, ...],
) -> None:
    nowhere = Nowhere(*addresses)

    refused(nowhere, "https://hooks.example/x")

    assert nowhere.dialled == []
    assert nowhere.resolved == [("hooks.example", 443)]


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        ("https://hooks.example/x?a=1&b=%20", "hooks.example", 443),
        ("https://HOOKS.example:8443", "hooks.example", 8443),
        ("https://hooks.example?x", "hooks.example", 443),
        ("https://xn--bcher-kva.example/x", "xn--bcher-kva.example", 443),
        (f"https://{PUBLIC}/x", PUBLIC, 443),
        (f"https://[{PUBLIC_6}]/x", PUBLIC_6, 443),
        ("https://1.hooks.example/", "1.hooks.example", 443),
    ],
)
def test_a_good_address_is_dialled_where_it_was_resolved_to_and_nowhere_else(
    uri: str, host: str, port: int
) -> None:
    nowhere = Nowhere(PUBLIC, PUBLIC_6, PUBLIC)

    with pytest.raises(HttpFailed):
        asyncio.run(nowhere.http().send(HttpRequest(method="POST", uri=uri)))

    assert nowhere.resolved == [(host, port)]
    assert nowhere.dialled == [PUBLIC, PUBLIC_6]
    assert nowhere.http().refusal(uri) is None


def test_an_operator_names_what_may_be_inside_host_and_port_together() -> None:
    trusted = frozenset({"hooks.internal:9443", "127.0.0.1:8080", "10.0.0.5:8080"})
    nowhere = Nowhere("10.0.0.1")

    request = HttpRequest(method="POST", uri="https://hooks.internal:9443/")

    with pytest.raises(HttpFailed):
        asyncio.run(nowhere.http(trusted=trusted).send(request))

    assert nowhere.dialled == ["10.0.0.1"]
    assert nowhere.http(trusted=trusted).refusal("http://127.0.0.1:8080/x") is None
    for uri in (
        "https://hooks.internal/", "https://hooks.internal:9444/", "http://hooks.internal:9443/",
        "https://x.hooks.internal:9443/", "http://10.0.0.5:8080/", "http://127.0.0.1:8081/",
    ):  # fmt: skip
        refused(nowhere, uri, trusted=trusted)


def test_a_name_that_nobody_knows_is_a_failure_and_no_refusal() -> None:
    with pytest.raises(HttpFailed, match="nobody knows this host"):
        asyncio.run(Nowhere().http().send(HttpRequest(method="GET", uri="https://hooks.example/")))


@pytest.mark.parametrize(
    "header",
    [
        ("X-A", "b\r\nHost: evil"), ("X-A", "b\nc"), ("X-A\r\nY", "b"), ("X A", "b"), ("", "b"),
        ("X-A", "b\x00"), ("Host", "evil"), ("host", "evil"), ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"), ("Connection", "keep-alive"), ("Upgrade", "h2c"),
        ("X-A", "\u20ac"),
    ],
)  # fmt: skip
def test_a_header_that_is_none_or_not_the_callers_is_not_sent(header: tuple[str, str]) -> None:
    nowhere = Nowhere(PUBLIC)

    request = HttpRequest(method="POST", uri="https://hooks.example/", headers=(header,))

    with pytest.raises(AddressRefused, match="header"):
        asyncio.run(nowhere.http().send(request))

    assert nowhere.dialled == []


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", PUBLIC])
def test_what_is_public_is_public(address: str) -> None:
    assert is_public(address)


# ---- a real server on this machine, trusted by name


def certificate(folder: Path, *, name: str = "hooks.example") -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for a name; give its file, and what a server shows it with."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # noqa: TID251 - the certificate is checked by the real clock
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(IPv4Address("127.0.0.9"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\nhi"


@dataclass(slots=True)
class There:
    """A server that says what it was told to, byte by byte; and what it was sent."""

    says: bytes | Callable[[asyncio.StreamWriter], Awaitable[None]] = OK
    port: int = 0
    heard: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            self.heard.append(head + await reader.readexactly(length))
            if callable(self.says):
                await self.says(writer)
            else:
                writer.write(self.says)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def served(there: There, tls: ssl.SSLContext | None) -> AsyncIterator[There]:
    server = await asyncio.start_server(there, "127.0.0.1", 0, ssl=tls)
    there.port = server.sockets[0].getsockname()[1]
    try:
        yield there
    finally:
        server.close()


async def here(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def exchange(
    there: There,
    folder: Path,
    *,
    name: str = "hooks.example",
    host: str = "hooks.example",
    limits: Limits | None = None,
    times: int = 1,
    **request: object,
) -> list[HttpAnswer]:
    """Send to a server on this machine whose certificate is for `name`."""

    async def told() -> list[HttpAnswer]:
        file, tls = certificate(folder, name=name)
        async with served(there, tls):
            rules = Rules(trusted=frozenset({f"{host}:{there.port}"}))
            http = SafeHttp(rules=rules, ca_file=file, resolve=here, limits=limits or Limits())
            asked = HttpRequest(method="POST", uri=f"https://{host}:{there.port}/a?b=c")
            asked = replace(asked, **request)  # type: ignore[arg-type]  # as the test names them
            return [await http.send(asked) for _ in range(times)]

    return asyncio.run(told())


def test_a_request_arrives_whole_and_its_answer_too(tmp_path: Path) -> None:
    there = There()

    (answer,) = exchange(there, tmp_path, headers=(("X-A", "1"),), body=b'{"a":1}')

    head, _, body = there.heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /a?b=c HTTP/1.1"
    assert set(lines[1:]) == {
        f"Host: hooks.example:{there.port}", "User-Agent: trustflow", "X-A: 1",
        "Accept-Encoding: identity", "Connection: close", "Content-Length: 7",
    }  # fmt: skip
    assert body == b'{"a":1}'
    assert (answer.status, answer.body) == (200, b"hi")
    assert answer.headers["set-cookie"] == "a=b"


def test_a_get_has_no_body(tmp_path: Path) -> None:
    there = There()

    exchange(there, tmp_path, method="GET")

    assert there.heard[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert b"content-length" not in there.heard[0].lower()


def test_a_redirect_is_an_answer_and_nobody_follows_it(tmp_path: Path) -> None:
    there = There(b"HTTP/1.1 307 X\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")

    (answer,) = exchange(there, tmp_path)

    assert answer.status == 307
    assert len(there.heard) == 1


def test_nothing_is_kept_between_two_requests(tmp_path: Path) -> None:
    there = There()

    exchange(there, tmp_path, times=2)

    assert there.heard[0] == there.heard[1]
    assert b"cookie" not in there.heard[1].lower()


def test_a_certificate_for_another_name_is_not_taken(tmp_path: Path) -> None:
    there = There()

    with pytest.raises(HttpFailed, match="certificate is not good"):
        exchange(there, tmp_path, name="other.example")

    assert there.heard == []


def test_a_certificate_that_nobody_vouches_for_is_not_taken(tmp_path: Path) -> None:
    async def told() -> None:
        there = There()
        _, tls = certificate(tmp_path)
        async with served(there, tls):
            rules = Rules(trusted=frozenset({f"hooks.example:{there.port}"}))
            http = SafeHttp(rules=rules, resolve=here)
            uri = f"https://hooks.example:{there.port}/"
            await http.send(HttpRequest(method="POST", uri=uri))

    with pytest.raises(HttpFailed, match="certificate is not good"):
        asyncio.run(told())


def test_what_speaks_no_tls_is_a_failure(tmp_path: Path) -> None:
    async def told() -> None:
        there = There()
        async with served(there, None):
            rules = Rules(trusted=frozenset({f"hooks.example:{there.port}"}))
            http = SafeHttp(rules=rules, resolve=here)
            uri = f"https://hooks.example:{there.port}/"
            await http.send(HttpRequest(method="POST", uri=uri))

    with pytest.raises(HttpFailed):
        asyncio.run(told())


def test_plain_http_works_on_this_machine_where_an_operator_wants_it() -> None:
    async def told() -> HttpAnswer:
        there = There()
        async with served(there, None):
            http = SafeHttp(rules=Rules(trusted=frozenset({f"127.0.0.1:{there.port}"})))
            uri = f"http://127.0.0.1:{there.port}/"
            return await http.send(HttpRequest(method="POST", uri=uri))

    assert asyncio.run(told()).status == 200


def test_a_longer_answer_is_cut_and_its_status_counts(tmp_path: Path) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                await writer.drain()
        except ConnectionError:
            return

    (answer,) = exchange(There(endless), tmp_path)

    assert (answer.status, len(answer.body)) == (200, 65_536)


def test_nothing_is_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(bytes(10_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"

    (answer,) = exchange(There(head.encode() + packed), tmp_path)

    assert answer.body == packed


@pytest.mark.parametrize(
    "says",
    [
        b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 40_000 + b"\r\n\r\n", b"HTTP/1.1 99 X\r\n\r\n",
        b"SSH-2.0-x\r\n",
    ],
)  # fmt: skip
def test_what_is_cut_off_or_no_http_is_a_failure(says: bytes, tmp_path: Path) -> None:
    with pytest.raises(HttpFailed):
        exchange(There(says), tmp_path)


@pytest.mark.parametrize("at_once", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", OK[:-1]])
def test_who_is_too_slow_is_left(at_once: bytes, tmp_path: Path) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(at_once)
        await writer.drain()
        await asyncio.get_running_loop().create_future()  # for ever; the test's end cancels it

    limits = Limits(total_seconds=0.2)

    with pytest.raises(HttpFailed, match="too long"):
        exchange(There(slow), tmp_path, limits=limits)


def test_who_lets_nobody_in_is_left_in_time() -> None:
    async def told() -> None:
        async def never(address: str, target: Target, tls: ssl.SSLContext | None) -> Streams:
            await asyncio.get_running_loop().create_future()
            raise AssertionError

        nowhere = Nowhere(PUBLIC)
        http = replace(nowhere.http(), dial=never, limits=Limits(connect_seconds=0.1))
        await http.send(HttpRequest(method="POST", uri="https://hooks.example/"))

    with pytest.raises(HttpFailed, match="nobody answers"):
        asyncio.run(told())


def test_no_proxy_of_the_environment_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    (answer,) = exchange(There(), tmp_path)

    assert answer.status == 200


def test_the_usual_limits_are_those_that_were_agreed() -> None:
    limits = Limits()

    assert (limits.connect_seconds, limits.total_seconds, limits.body_bytes) == (5, 10, 65_536)
    assert Rules().ports == {443, 8443}
