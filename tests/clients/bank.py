"""A sample application server: what a bank runs to register devices, against REST alone.

It does what the Go program of RTAS's documentation does: log in, ask TrustFactor for a code, make
an end user's token, tell that a registration was created, hand both to its own page; tell of the
success when TrustFactor calls back; and have a device removed that is not its user's. Standard
library only: read it, and write your own. `python3 tests/clients/bank.py --help` runs it.
"""

from __future__ import annotations

import argparse
import base64
import getpass
import hmac
import json
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

APPLICATION: Final = "Farol Mutual"
USER: Final = {"user_id": "john.doe", "user_display_name": "John Doe"}
CODE_SECONDS: Final = 900
SHORTEST_SECONDS: Final = 30
SKEW_SECONDS: Final = 300
RENEW_SECONDS: Final = 1_800
"""A token is good for 60 minutes."""
CALLBACK: Final = "/tf/registered"
WRONG_DEVICE_SECONDS: Final = 120
PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8"></meta>
<meta http-equiv="X-UA-Compatible" content="IE=edge"></meta>
<meta name="viewport" content="width=device-width, initial-scale=1.0"></meta>
<title>RTAS- Registration</title>
</head>
<body>
<div id="rtas"></div>

<script src="%(rtas)s/rtas/rtas-ui.js"></script>
<script>
window.heard = [];
const heard = (name) => (data) => window.heard.push([name, data ?? null]);
const removeDevice = (token) => fetch("/wrong-device", { method: "POST", body: token })
.then((response) => response.json())
.then(({ removed }) => {
if (removed) document.querySelector("#rtas").textContent = "%(removed)s";
});
fetch("/tf/create-qr%(query)s", { method: "POST" })
.then((response) => response.json())
.then((responseData) => {
new rtasui.RTASUI()
.setTargetElement("#rtas")
.setUrl(responseData.rtas_url)
.setToken(responseData.rtas_token)
.setOnErrorCallback(heard("error"))
.setOnConnectionEstablishedCallback(heard("established"))
.setOnConnectionCloseCallback(heard("close"))
.setOnWrongDeviceCallback(removeDevice)
.setLanguage("%(language)s")
.setRegistrationType()
.setOnRegistrationPendingCallback(heard("pending"))
.setOnRegistrationSuccessCallback(heard("success"))
.setOnRegistrationExpiredCallback(heard("expired"))
.build();
})
.catch((error) => console.error("Error:", error));
</script>
</body>
</html>
"""
REMOVED: Final = {
    "EN_US": "That phone was removed. It can approve nothing.",
    "PT_PT": "Esse telemóvel foi removido. Já não pode aprovar nada.",
}


class Rtas:
    """The client of RTAS and TrustFactor, with one login that it keeps alive."""

    def __init__(
        self,
        address: str,
        client_id: str,
        client_secret: str,
        *,
        renew_seconds: int = RENEW_SECONDS,
    ) -> None:
        """Log in."""
        self._address = address
        self._secret = {"client_id": client_id, "client_secret": client_secret}
        self._renew_seconds = renew_seconds
        self._log_in()

    def token_for(self, user_id: str, unique_id: str) -> str:
        """Make what a browser listens with."""
        said = {"user_id": user_id, "unique_id": unique_id}
        return str(self._post("/rtas/v2/end-user/registration/token", said)["token"])

    def tell(self, unique_id: str, status: str, *, is_final: bool, **facts: object) -> None:
        """Tell whoever listens what became of a registration."""
        flags = {
            "close_connection_on_receive": is_final,
            "store_in_cache": True,
            "cache_expires_after_minutes": 15,
        }
        said = {"unique_id": unique_id, "status": status, "application_name": APPLICATION}
        self._post("/rtas/v3/registration/callback", {**said, **USER, **flags, **facts})

    def code_for(self, user_id: str, user_name: str, seconds: int) -> Any:
        """Ask TrustFactor for a code that one device is registered with."""
        said = {
            "user_id": user_id, "user_name": user_name, "application_name": APPLICATION,
            "expires_in_seconds": seconds, "qr_code_size": 200,
        }  # fmt: skip
        return self._post("/trustfactor/v2/registration-codes", said)

    def called_back_at(self, url: str) -> bytes:
        """Say where TrustFactor tells of devices; give the secret that it signs with."""
        secret = self._post("/trustfactor/v1/callbacks", {"register_callback_url": url})["secret"]
        return base64.b64decode(secret.removeprefix("whsec_"))

    def reset(self, contract_key: str) -> None:
        """Let a device answer for nobody any more."""
        self._post("/trustfactor/v1/contracts/reset", {"contract_key": contract_key})

    def _log_in(self) -> None:
        self._keep(self._call("/rtas/v1/login", self._secret))

    def _keep(self, found: Any) -> None:
        self._token = str(found["token"])
        self._renew_at = time.monotonic() + self._renew_seconds

    def _post(self, path: str, said: object) -> Any:
        """Call with a token that is good: renewed in time; where it is too late, of a new login."""
        try:
            if time.monotonic() >= self._renew_at:
                self._keep(self._call("/rtas/v1/token/renew", {}, self._token))
            return self._call(path, said, self._token)
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise
            error.close()
        self._log_in()
        return self._call(path, said, self._token)

    def _call(self, path: str, said: object, token: str | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        asked = urllib.request.Request(  # noqa: S310 - the address is the operator's own
            self._address + path, json.dumps(said).encode(), headers
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - as above
            body = answer.read()
        return json.loads(body) if body else None


def is_signed(secret: bytes, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether TrustFactor has signed this, some minutes ago at most (standardwebhooks.com).

    For a day after the secret was changed there are two signatures: one that fits will do.
    """
    stamp = headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        return False
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    wanted = b"v1," + base64.b64encode(hmac.digest(secret, signed, "sha256"))
    given = headers.get("webhook-signature", "").encode().split(b" ")
    is_ours = any(hmac.compare_digest(wanted, one) for one in given)
    return is_ours and abs(time.time() - int(stamp)) <= SKEW_SECONDS


@dataclass(slots=True)
class Bank:
    """The application: its page, its callback for TrustFactor, its end of a wrong device.

    Attributes:
        secret: What TrustFactor signs with.
        created: Codes, the newest last: unique id and link.
        devices: Contract keys that are registered.
        tokens: Wrong-device token -> contract key, and until when it may be removed.
    """

    rtas: Rtas
    rtas_url: str
    secret: bytes = b""
    created: list[tuple[str, str]] = field(default_factory=list)
    devices: set[str] = field(default_factory=set)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    def create_code(self, seconds: int = CODE_SECONDS) -> dict[str, str]:
        """Begin a registration, and give its page what it needs."""
        made = self.rtas.code_for(
            USER["user_id"], USER["user_display_name"], max(seconds, SHORTEST_SECONDS)
        )
        unique_id = made["unique_id"]
        self.created.append((unique_id, made["deeplink_url"]))
        self.rtas.tell(
            unique_id, "REGISTRATION_CREATED_V2", is_final=False, qr_code=made["qr_code"],
            qr_code_expiration=int(time.time()) + seconds, deeplink_url=made["deeplink_url"],
        )  # fmt: skip
        token = self.rtas.token_for(USER["user_id"], unique_id)
        return {"rtas_token": token, "rtas_url": self.rtas_url}

    def hear(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take TrustFactor's callback; give the status to answer. 403: no device of ours."""
        if not is_signed(self.secret, headers, body):
            return 401
        told = json.loads(body)
        is_theirs = told["app_user_unique_id"] == USER["user_id"]
        if not is_theirs or told["register_code_unique_id"] not in dict(self.created):
            return 403
        if told["contract_key"] not in self.devices:  # it may be told twice
            self.called_back(told)
        return 204

    def called_back(self, told: Mapping[str, Any]) -> None:
        """Agree to a device, and tell the browser."""
        token, contract_key = secrets.token_urlsafe(32), told["contract_key"]
        self.tokens[token] = (contract_key, time.time() + WRONG_DEVICE_SECONDS)
        self.rtas.tell(
            told["register_code_unique_id"], "REGISTRATION_SUCCESS_V2", is_final=True,
            contract_key=contract_key, device_key=told["device_key"],
            device_info=told["device_info"], wrong_device_token=token,
        )  # fmt: skip
        self.devices.add(contract_key)  # once the browser is told: what fails is tried again

    def remove_wrong_device(self, token: str) -> bool:
        """Remove a device that is not its user's; a token works once, for two minutes."""
        contract_key, until = self.tokens.get(token, ("", 0.0))
        if time.time() >= until:
            return False
        self.rtas.reset(contract_key)
        self.tokens.pop(token, None)  # once the device is gone: what fails can be tried again
        self.devices.discard(contract_key)
        return True


class Served:
    """The bank's own server, on loopback."""

    bank: Bank
    """To be put there before anybody comes: it needs a client, and the client this address."""

    def __init__(self, port: int = 0) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _posted(asked: BaseHTTPRequestHandler, bank: Bank, body: bytes) -> tuple[bytes, str, int]:
    """Do what was posted; give what is answered: body, kind, status."""
    if asked.path == CALLBACK:
        known = {name.lower(): value for name, value in asked.headers.items()}
        return b"", "text/plain", bank.hear(known, body)
    if asked.path.startswith("/tf/create-qr"):
        made = bank.create_code(2 if "short" in asked.path else CODE_SECONDS)
        return json.dumps(made).encode(), "application/json", 200
    done = bank.remove_wrong_device(body.decode(errors="replace"))
    return json.dumps({"removed": done}).encode(), "application/json", 200


def _handler(served: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            language = "PT_PT" if "pt" in self.path else "EN_US"
            query = "?short" if "short" in self.path else ""
            shown = PAGE % {
                "rtas": served.bank.rtas_url, "language": language, "query": query,
                "removed": REMOVED[language],
            }  # fmt: skip
            self._answer(shown.encode(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                self._answer(*_posted(self, served.bank, body))
            except urllib.error.URLError:  # RTAS or TrustFactor: whoever has asked may ask again
                self._answer(b"", "text/plain", 502)

        def _answer(self, body: bytes, kind: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


def main() -> int:
    """Serve the bank's page until Ctrl-C."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    asked.add_argument("rtas", help="where trustflow is, http://127.0.0.1:8321 say")
    asked.add_argument(
        "client", help="a client of `trustflow rtas add`, whose --origin is our page"
    )
    asked.add_argument("--port", type=int, default=8400, help="where the page is served")
    given = asked.parse_args()
    secret = getpass.getpass("The client's secret: ")
    try:
        rtas = Rtas(given.rtas, given.client, secret)
        served = Served(given.port)
        served.bank = Bank(rtas=rtas, rtas_url=given.rtas)
        served.bank.secret = rtas.called_back_at(f"{served.base}{CALLBACK}")
    except urllib.error.HTTPError as error:  # it says what is wrong, and what would be right
        sys.stderr.write(f"{error.url}: {error.code} {error.read().decode(errors='replace')}\n")
        return 1
    sys.stdout.write(f"{served.base}/ is the page; ?pt for Portuguese. Ctrl-C ends it.\n")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        served.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
