"""A client that a public generator makes of our document does what an application server does."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from engine.web.openapi.document import written
from tests.bench import RIGHT
from tests.web.program import program
from tests.web.surface import HOST, ORIGIN, PERSON, TWO_FORMS, Surface, surface

NAME = "made_client"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Generate the client and import it."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_bytes(written())
    (folder / "made.yaml").write_text("post_hooks: []\n", encoding="utf-8")
    generator = Path(sys.executable).parent / "openapi-python-client"
    words = ("--path", "openapi.json", "--config", "made.yaml", "--meta", "none")
    done = subprocess.run(
        [str(generator), "generate", *words, "--output-path", NAME],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout, done.stdout
    sys.path.insert(0, str(folder))
    return importlib.import_module(NAME)


class Application:
    """Calls operations of the generated client by their module, inside this process."""

    def __init__(self, house: Surface, made: ModuleType) -> None:
        self.house, self.made = house, made

    def client(self, token: str, *, prefix: str = "Bearer", header: str = "Authorization") -> Any:
        found = self.made.AuthenticatedClient(
            base_url=ORIGIN, token=token, prefix=prefix, auth_header_name=header
        )
        value = f"{prefix} {token}" if prefix else token
        transport = httpx.ASGITransport(app=self.house.app)
        return found.set_async_httpx_client(
            httpx.AsyncClient(
                base_url=ORIGIN, transport=transport, headers={header: value, "Host": HOST}
            )
        )

    def model(self, struct: str, /, **facts: object) -> Any:
        return getattr(importlib.import_module(f"{NAME}.models"), struct).from_dict(facts)

    async def call(self, client: Any, family: str, name: str, *words: str, **more: Any) -> Any:
        module = importlib.import_module(f"{NAME}.api.{family}.{name}")
        answer = await module.asyncio_detailed(*words, client=client, **more)
        assert answer.status_code < 300, (name, answer.status_code, answer.content)
        return answer.parsed


async def signed_in(app: Application, shop: Any) -> None:
    """Make a store, a policy and a user, register a passcode and sign in with it."""
    stores = "identity_store"
    await app.call(shop, stores, "create_store", body=app.model("NewStore", name="staff"))
    policy = app.model("NewPolicy", name="long", minLength=20)
    await app.call(shop, stores, "create_passcode_policy", "staff", body=policy)
    new = app.model("NewUser", extId="rui")
    user = await app.call(shop, stores, "create_user", "staff", body=new)
    typing = app.model("Typing", passcode=RIGHT)
    begun = await app.call(
        shop, stores, "create_passcode_registration_for_user", "staff", user.id, "long"
    )
    await app.call(
        shop, stores, "complete_passcode_registration", "staff", begun.session_id, body=typing
    )
    begun = await app.call(
        shop, stores, "create_passcode_authentication_for_user_by_ext_user_id",
        "staff", "rui", "long",
    )  # fmt: skip
    done = await app.call(
        shop, stores, "complete_passcode_authentication", "staff", begun.session_id, body=typing
    )
    assert (done.result, done.user_id) == ("AUTHENTICATED", user.id)


async def begun(app: Application, shop: Any) -> tuple[str, Any]:
    """Keep a definition, make a token, create an instance and start it: its id and first screen."""
    manager = "process_manager"
    definition = app.model("NewDefinition", source=TWO_FORMS, forms={"person.v1": PERSON})
    await app.call(shop, manager, "create_process_definition", body=definition)
    asked = app.model("NewToken", name="newsletter", processDefnName="two-forms")
    token = await app.call(shop, manager, "create_process_token", body=asked)
    created = await app.call(shop, manager, "create_process_instance", pt=token.id)
    (start,) = parse_qs(urlsplit(created.redirect_url).query)["ps"]
    (ticket,) = parse_qs(urlsplit(start).query)["pi"]
    beginning = app.model("Beginning", language="pt-PT")
    screen = await app.call(shop, "process_server", "start_process", body=beginning, pi=ticket)
    return created.process_instance_id, screen


async def walked(app: Application, shop: Any) -> None:
    """Go through a journey to its end."""
    id, screen = await begun(app, shop)
    person = app.client(screen.session_token)
    for _ in range(2):
        answer = app.model("Answering", revision=screen.revision, data={"name": "Inês"})
        screen = await app.call(
            person, "process_server", "answer_step", id, screen.step_key, body=answer
        )
    found = await app.call(shop, "process_manager", "get_process_instance", id)
    assert found.status == "COMPLETED_ENDED_SUCCESS"


def test_a_user_is_signed_in_from_nothing_and_an_instance_started_answered_and_ended(
    client: ModuleType,
) -> None:
    house = surface()
    app = Application(house, client)

    async def story() -> None:
        key = (await program(house)).key.secret
        bearer = await app.call(
            app.client(key, prefix="", header="X-API-Key"), "arthr", "issue_bearer_token"
        )
        shop = app.client(bearer.token)
        await signed_in(app, shop)
        await walked(app, shop)

    asyncio.run(story())
