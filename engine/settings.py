"""Settings: read once from defaults, `trustflow.toml` in the data folder, and the environment.

What is given on a command line wins over the environment, that over the file, that over defaults.
The ranges are the floors: nothing that is read may be weaker.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import msgspec
from msgspec import Meta

from engine.adapters.address import Address
from engine.errors import SettingsRefused
from engine.nearest import nearest

FILE: Final = "trustflow.toml"
PREFIX: Final = "TRUSTFLOW_"
FROM_FILE: Final = "_FILE"
"""`TRUSTFLOW_PORT_FILE=/run/port` reads the value from a file."""
NOT_OURS: Final = frozenset({"TRUSTFLOW_NO_SKIP", "TRUSTFLOW_DEVICES"})
"""Names that begin like ours and speak to others: the tests' runner, and `device`."""
TENANT: Final = "TRUSTFLOW_TENANT"
"""Whom a command works for; no setting of a server, which serves all."""
USUAL_FOLDER: Final = Path(".trustflow")
USUAL_PORT: Final = 8321

Text = Annotated[str, Meta(max_length=2_000)]
Texts = tuple[Text, ...]
Place = Annotated[
    str, Meta(pattern=r"^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}\Z")
]
Places = tuple[Place, ...]
Port = Annotated[int, Meta(ge=1, le=65_535)]
Ports = tuple[Port, ...]
MetricsPort = Annotated[int, Meta(ge=0, le=65_535)]
MemoryKib = Annotated[int, Meta(ge=19_456, le=4_194_304)]
Passes = Annotated[int, Meta(ge=2, le=100)]
Workers = Annotated[int, Meta(ge=1, le=256)]
PerMinute = Annotated[int, Meta(ge=1, le=1_000)]
PerHour = Annotated[int, Meta(ge=1, le=10_000)]
TenantPerMinute = Annotated[int, Meta(ge=20, le=10_000)]
AuditDays = Annotated[int, Meta(ge=90, le=36_500)]
Requests = Annotated[int, Meta(ge=8, le=100_000)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an operator can choose.

    Attributes:
        data: The folder of database, keys and `trustflow.toml`; the one setting not in that file.
        database: A PostgreSQL server's, in place of the file in the data folder. It may hold a
            password, which nothing shows (D5); the keys stay in the folder.
        app_name: The organisation's name as people know it.
        public_url: Scheme, host and port under which browsers see us; empty: where we listen.
        host, port: Where we listen.
        certificate, key: PEM files for https without a proxy; both or neither.
        trusted_proxies: Networks whose `X-Forwarded-For` is believed (C4).
        allowed_redirects: Addresses, or prefixes ending at `/`, that a journey may lead to (F4).
        help_url, privacy_url: Links at the foot of every page; empty for none.
        argon_memory_kib, argon_passes: What hashing a passcode costs (A4).
        hash_workers: Threads that hash; more than cores are slower (A5).
        source_failures_per_minute, source_failures_per_hour: What one address may get wrong (C4).
        tenant_failures_per_minute: What all together may get wrong before answers are slower (C4).
        requests_at_once: Connections and requests beyond are answered 503.
        listeners_at_once: Browsers that wait for events, besides; more are answered 503. One
            application takes three quarters of them at most, one registration or transaction a
            tenth.
        audit_days: How long audit rows are kept (J3).
        metrics_port: Where this machine alone can ask for figures; 0: nowhere.
        traces: OTLP/HTTP address of a collector that spans are sent to; empty: nowhere.
        http_ports: At which other programs may be reached, by webhooks say (H1).
        http_trusted: `host:port` of programs that may be inside the own network, and on this very
            machine without TLS.
        http_ca_file: PEM file of a further authority that their certificates may be signed by.
    """

    data: Path = USUAL_FOLDER
    database: Address | None = None
    app_name: Text = "trustflow"
    public_url: Text = ""
    host: Text = "127.0.0.1"
    port: Port = USUAL_PORT
    certificate: Path | None = None
    key: Path | None = None
    trusted_proxies: Texts = ()
    allowed_redirects: Texts = ()
    help_url: Text = ""
    privacy_url: Text = ""
    argon_memory_kib: MemoryKib = 19_456
    argon_passes: Passes = 2
    hash_workers: Workers = os.cpu_count() or 1
    source_failures_per_minute: PerMinute = 20
    source_failures_per_hour: PerHour = 100
    tenant_failures_per_minute: TenantPerMinute = 300
    requests_at_once: Requests = 1_000
    listeners_at_once: Requests = 2_000
    audit_days: AuditDays = 365
    metrics_port: MetricsPort = 0
    traces: Text = ""
    http_ports: Ports = (443, 8443)
    http_trusted: Places = ()
    http_ca_file: Path | None = None


FIELDS: Final = tuple(name for name in Settings.__struct_fields__ if name != "data")
"""What the file and the environment may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value that somebody gave: under which name, and where, as people are told."""

    field: str
    name: str
    where: str
    value: Any


def read(
    data: Path | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    usual: Path = USUAL_FOLDER,
    **given: object,
) -> Settings:
    """Read the settings.

    Args:
        data: The data folder; without it `TRUSTFLOW_DATA`, else `.trustflow` where we stand.
        environment: The process's own without.
        usual: The data folder that is meant when nobody names one.
        given: Field -> value from a command line; None: not given there.

    Raises:
        SettingsRefused: With `problems`, a sentence for each thing that is wrong.
    """
    known = os.environ if environment is None else environment
    folder = data or Path(known.get(f"{PREFIX}DATA") or usual)
    problems: list[str] = []
    said = {
        one.field: one
        for one in (*_from_file(folder / FILE, problems), *_from_environment(known, problems))
    }
    values = {one.field: _converted(one, problems) for one in said.values()}
    values |= {field: value for field, value in given.items() if value is not None}
    if (values.get("certificate") is None) != (values.get("key") is None):
        problems.append("certificate and key are given together, or neither of them")
    if problems:
        raise SettingsRefused(problems=tuple(problems))
    return Settings(data=folder, **values)


def _from_file(path: Path, problems: list[str]) -> Iterator[Given]:
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        return
    except (OSError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        problems.append(f"{path} cannot be read: {reason}")
        return
    for name, value in table.items():
        if name in FIELDS:
            yield Given(field=name, name=name, where=str(path), value=value)
        else:
            problems.append(f"{path}: {_stranger(name, FIELDS)}")


def _from_environment(known: Mapping[str, str], problems: list[str]) -> Iterator[Given]:
    names = {f"{PREFIX}{field.upper()}": field for field in FIELDS}
    allowed = NOT_OURS | {f"{PREFIX}DATA", TENANT}
    for name in sorted(known):
        plain = name.removesuffix(FROM_FILE)
        if not name.startswith(PREFIX) or name in allowed:
            continue
        if plain not in names:
            problems.append(f"environment: {_stranger(name, names)}")
        elif plain != name and plain in known:
            problems.append(f"environment: {plain} and {name} say the same thing twice")
        else:
            value = known[name] if plain == name else _content(name, known[name], problems)
            yield Given(field=names[plain], name=name, where="environment", value=value)


def _content(name: str, path: str, problems: list[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        problems.append(f"environment: {name} names a file that cannot be read")
        return ""


def _stranger(name: str, known: Mapping[str, str] | tuple[str, ...]) -> str:
    near = nearest(name, known)
    return f"{name} is no setting" + (f"; did you mean {near}?" if near else "")


_TYPES: Final = get_type_hints(Settings, include_extras=True)


def _converted(one: Given, problems: list[str]) -> Any:
    """Turn what was written into the field's type.

    A mistake is told by the type's words and never with the value, which might be secret (D5).
    """
    wanted, value = _TYPES[one.field], one.value
    from_words = one.where == "environment"
    if wanted in (Texts, Places, Ports) and from_words and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if wanted == Path | None:
        if isinstance(value, str) and value:
            return Path(value)
        problems.append(f"{one.where}: {one.name} must be the path of a file")
        return None
    if wanted == Address | None:
        return _address(one, problems)
    try:
        return msgspec.convert(value, wanted, strict=not from_words)
    except msgspec.ValidationError:
        problems.append(f"{one.where}: {one.name} must be {_asked(one.field)}")
        return None


def _address(one: Given, problems: list[str]) -> Address | None:
    try:
        return Address.parse(one.value if isinstance(one.value, str) else "")
    except ValueError as error:
        problems.append(f"{one.where}: {one.name} must be {error}")
        return None


def _asked(field: str) -> str:
    """Say what a field takes."""
    wanted = _TYPES[field]
    if wanted == Texts:
        return "a list of texts"
    if wanted == Places:
        return "a list of host:port, without https:// before it"
    if wanted == Ports:
        return "a list of ports, 1 to 65,535"
    for meta in getattr(wanted, "__metadata__", ()):
        if meta.ge is not None:
            return f"a whole number, {meta.ge:,} to {meta.le:,}"
    return "a text of 2,000 characters at most"


def tenant_named(given: str | None, environment: Mapping[str, str] | None = None) -> str | None:
    """Give the tenant that a command works for: as given, else as `TRUSTFLOW_TENANT` says."""
    known = os.environ if environment is None else environment
    return given or known.get(TENANT) or None


def colours_unwanted(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the person wants no colours: `NO_COLOR` says anything, or the terminal is dumb."""
    known = os.environ if environment is None else environment
    return bool(known.get("NO_COLOR")) or known.get("TERM") == "dumb"
