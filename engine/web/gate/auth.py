"""Who may ask: cookies per visit, bearer values, our own pages, form tokens, one-time notices."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.requests import Request

from engine.model.names import InstanceId, StepKey
from engine.ports.outside import Purpose, Vault
from engine.secret import base64url
from engine.web.request import WebConfig

PURPOSE: Final[Purpose] = "form"
LIVE_COOKIES = 8
"""Visits one browser may have open (security E); the oldest is cleared."""
NOTICE_SECONDS = 60
DEVICE = "tf-device"
DEVICE_SECONDS = 180 * 24 * 60 * 60
_NAMED = 12
_VALUE = re.compile(r"[A-Za-z0-9_.-]{16,200}")
_ID = re.compile(r"[A-Z0-9]{26}")
_COOKIE = re.compile(r"tf-[A-Z0-9]{12}")


def is_instance_id(text: str) -> bool:
    """Whether `text` could name an instance."""
    return _ID.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """Whether `text` could be one of the values we hand out: short, and safe in a header."""
    return _VALUE.fullmatch(text) is not None


def is_from_our_page(request: Request, config: WebConfig) -> bool:
    """Whether a page of ours sent this, by the browser's own word (F2).

    An Origin must be ours, whatever else is there, and `null` is not; `Sec-Fetch-Site` must be
    `same-origin`. An older browser sends no `Sec-Fetch-Site`, and must send its Origin.
    """
    site, origin = request.headers.getlist("sec-fetch-site"), request.headers.getlist("origin")
    if len(origin) > 1 or not config.origins.issuperset(origin):
        return False
    return site == ["same-origin"] if site else bool(origin)


def is_for_us(request: Request, config: WebConfig) -> bool:
    """Whether a browser meant us: another name that leads here is not ours (F4).

    A page of that name could else read our answers, as soon as its name leads to us.
    """
    host = request.headers.getlist("host")
    return len(host) == 1 and host[0].lower() in config.hosts


def bearer(request: Request) -> str | None:
    """Read the bearer value of an API call; None unless there is exactly one well-formed one."""
    given = request.headers.getlist("authorization")
    if len(given) != 1:
        return None
    scheme, _, value = given[0].partition(" ")
    return value if scheme.lower() == "bearer" and is_value(value) else None


def cookies_of(request: Request) -> Mapping[str, str]:
    """Read the cookies; a name that comes twice was not only set by us and is left out."""
    found: dict[str, str] = {}
    doubled: set[str] = set()
    for pair in ";".join(request.headers.getlist("cookie")).split(";"):
        name, _, value = pair.strip().partition("=")
        if name in found:
            doubled.add(name)
        found[name] = value
    return {name: value for name, value in found.items() if name not in doubled}


def cookie_name(config: WebConfig, instance: str) -> str:
    """Name the cookie of one visit (security E)."""
    return _prefixed(config, f"tf-{instance[:_NAMED]}")


def session_of(request: Request, config: WebConfig, instance: str) -> str | None:
    """Read this visit's session value."""
    value = cookies_of(request).get(cookie_name(config, instance), "")
    return value if is_value(value) else None


def sessions_of(request: Request, config: WebConfig) -> Mapping[str, str]:
    """Read all visits' session values: cookie name -> value, oldest first (ids sort by time)."""
    ours = {name: value for name, value in cookies_of(request).items() if _is_ours(config, name)}
    return {name: ours[name] for name in sorted(ours) if is_value(ours[name])}


def hand_out(config: WebConfig, instance: str, value: str, *, seconds: int) -> str:
    """Write the `Set-Cookie` of a session value that lives `seconds` from now."""
    return _set(config, cookie_name(config, instance), value, seconds)


def crowded_out(request: Request, config: WebConfig, instance: str) -> tuple[str, ...]:
    """Write the `Set-Cookie`s that make room for a new visit: at most eight live ones."""
    own = cookie_name(config, instance)
    others = [name for name in sessions_of(request, config) if name != own]
    surplus = max(0, len(others) - (LIVE_COOKIES - 1))
    return tuple(_set(config, name, "", 0) for name in others[:surplus])


def device_of(request: Request, config: WebConfig) -> str | None:
    """Read what this browser is known by, as it was brought (C3)."""
    return cookies_of(request).get(_prefixed(config, DEVICE))


def know_again(config: WebConfig, value: str) -> str:
    """Write the `Set-Cookie` by which this browser is known from now on."""
    return _set(config, _prefixed(config, DEVICE), value, DEVICE_SECONDS)


def session_seconds(expires_at: datetime, now: datetime) -> int:
    """Count the whole seconds a session value has left, never below 0."""
    return max(0, int((expires_at - now).total_seconds()))


def _prefixed(config: WebConfig, name: str) -> str:
    return f"__Host-{name}" if config.secure_cookies else name


def _is_ours(config: WebConfig, name: str) -> bool:
    prefix = _prefixed(config, "")
    return name.startswith(prefix) and _COOKIE.fullmatch(name.removeprefix(prefix)) is not None


def _set(config: WebConfig, name: str, value: str, seconds: int) -> str:
    secure = "; Secure" if config.secure_cookies else ""
    return f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"


def form_token(vault: Vault, session: str, step: StepKey, revision: int) -> str:
    """Derive what a step's form must carry: good for this session, step and revision only (F2).

    Args:
        vault: Its key `form` is used.
        session: The session's id (a hash), not its value.
        step: The step the form answers.
        revision: The instance's, as the page shows it.
    """
    return _mac(vault, f"step|{session}|{step}|{revision}")


def is_form_token(given: str, right: str) -> bool:
    """Compare two form tokens in constant time (B5)."""
    return hmac.compare_digest(given.encode(), right.encode())


def leave_notice(vault: Vault, config: WebConfig, instance: InstanceId, notice: str) -> str:
    """Write the `Set-Cookie` that shows `notice` (a catalogue id) at the next GET, and only there.

    A cookie and not the address: what stands in an address is shown again at every refresh.
    """
    value = f"{notice}.{_mac(vault, f'notice|{instance}|{notice}')}"
    return _set(config, _notice_name(config, instance), value, NOTICE_SECONDS)


def read_notice(
    request: Request, vault: Vault, config: WebConfig, instance: InstanceId
) -> str | None:
    """Read the notice that waits for this GET, if we wrote it."""
    notice, _, mac = cookies_of(request).get(_notice_name(config, instance), "").rpartition(".")
    right = _mac(vault, f"notice|{instance}|{notice}")
    return notice if notice and is_form_token(mac, right) else None


def drop_notice(config: WebConfig, instance: InstanceId) -> str:
    """Write the `Set-Cookie` that ends a notice."""
    return _set(config, _notice_name(config, instance), "", 0)


def _notice_name(config: WebConfig, instance: InstanceId) -> str:
    return _prefixed(config, f"tf-notice-{instance[:_NAMED]}")


def _mac(vault: Vault, message: str) -> str:
    return base64url(vault.mac(PURPOSE, message.encode()))
