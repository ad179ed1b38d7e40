"""A sample application server: what a bank runs to register devices, against RTAS's REST API alone.

It does what the Go program of RTAS's documentation does: log in, make an end user's token, tell
that a registration was created, hand both to its own page; and tell of the success when TrustFactor
calls back. Standard library only, and segno for the square code; read it, and write your own.
"""

from __future__ import annotations

import base64
import io
import json
import secrets
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import segno

APPLICATION: Final = "Farol Mutual"
USER: Final = {"user_id": "john.doe", "user_display_name": "John Doe"}
CODE_SECONDS: Final = 900
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
.setOnWrongDeviceCallback((token) => fetch("/wrong-device", { method: "POST", body: token }))
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


class Rtas:
    """The client of RTAS: five calls."""

    def __init__(self, address: str, client_id: str, client_secret: str) -> None:
        """Log in. A program that runs for long calls `renew` every half hour."""
        self._address = address
        said = {"client_id": client_id, "client_secret": client_secret}
        self._token = self._post("/rtas/v1/login", said)["token"]

    def renew(self) -> None:
        """Exchange the token for the next one."""
        self._token = self._post("/rtas/v1/token/renew", {})["token"]

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

    def _post(self, path: str, said: object) -> Any:
        headers = {"Content-Type": "application/json"}
        if path != "/rtas/v1/login":
            headers["Authorization"] = f"Bearer {self._token}"
        asked = urllib.request.Request(  # noqa: S310 - the address is the operator's own
            self._address + path, json.dumps(said).encode(), headers
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - as above
            body = answer.read()
        return json.loads(body) if body else None


@dataclass(slots=True)
class Bank:
    """The application: its page, its callback for TrustFactor, its end of a wrong device.

    Attributes:
        devices: Contract keys that are registered.
        tokens: Wrong-device token -> contract key, and until when it may be removed.
    """

    rtas: Rtas
    rtas_url: str
    created: list[str] = field(default_factory=list)
    devices: set[str] = field(default_factory=set)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    def create_code(self, seconds: int = CODE_SECONDS) -> dict[str, str]:
        """Begin a registration, and give its page what it needs."""
        unique_id = secrets.token_urlsafe(16)
        deeplink = f"https://open.tf.example/register?payload={unique_id}"
        picture = io.BytesIO()
        segno.make(deeplink, error="m").save(picture, kind="png", scale=6)
        self.rtas.tell(
            unique_id, "REGISTRATION_CREATED_V2", is_final=False,
            qr_code=base64.b64encode(picture.getvalue()).decode(),
            qr_code_expiration=int(time.time()) + seconds, deeplink_url=deeplink,
        )  # fmt: skip
        self.created.append(unique_id)
        token = self.rtas.token_for(USER["user_id"], unique_id)
        return {"rtas_token": token, "rtas_url": self.rtas_url}

    def called_back(self, unique_id: str, contract_key: str, device: dict[str, str]) -> None:
        """Take TrustFactor's word that a device was registered, and tell the browser."""
        self.devices.add(contract_key)
        token = secrets.token_urlsafe(32)
        self.tokens[token] = (contract_key, time.time() + WRONG_DEVICE_SECONDS)
        self.rtas.tell(
            unique_id, "REGISTRATION_SUCCESS_V2", is_final=True, contract_key=contract_key,
            device_key="N+RlRWij82dHZ4TJ/slTbRP+UltX9SGC5DMhZOULbP4=", device_info=device,
            wrong_device_token=token,
        )  # fmt: skip

    def remove_wrong_device(self, token: str) -> bool:
        """Remove a device that is not its user's; a token works once, for two minutes."""
        contract_key, until = self.tokens.pop(token, ("", 0.0))
        if time.time() >= until:
            return False
        self.devices.discard(contract_key)  # ResetContract of TrustFactor
        return True


class Served:
    """The bank's own server, on loopback, for the length of a test."""

    bank: Bank
    """To be put there before anybody comes: it needs a client, and the client this address."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(served: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            language = "PT_PT" if "pt" in self.path else "EN_US"
            query = "?short" if "short" in self.path else ""
            shown = PAGE % {"rtas": served.bank.rtas_url, "language": language, "query": query}
            self._answer(shown.encode(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if self.path.startswith("/tf/create-qr"):
                made = served.bank.create_code(2 if "short" in self.path else CODE_SECONDS)
                self._answer(json.dumps(made).encode(), "application/json")
            else:
                done = served.bank.remove_wrong_device(body)
                self._answer(json.dumps({"removed": done}).encode(), "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
