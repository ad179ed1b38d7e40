"""Where a token may stand: the header, and the address only where none can be set (security I2)."""

from __future__ import annotations

import pytest

from tests.web.application import application
from tests.web.listening import connect, negotiate
from tests.web.surface import Surface, play, send


async def asked(
    house: Surface, method: str, target: str, token: str, *, accept: str = "", header: bool = False
) -> int:
    """Ask with a token in the address, and perhaps in the header, too; give the status."""
    headers = [("Accept", accept)] if accept else []
    headers += [("Authorization", f"Bearer {token}")] if header else []
    joint = "&" if "?" in target else "?"
    whole = f"{target}{joint}access_token={token}"
    return (await send(house.app, method, whole, headers=headers)).status


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize(
    ("method", "accept"),
    [
        ("POST", ""), ("DELETE", ""), ("GET", ""), ("GET", "*/*"), ("POST", "text/event-stream"),
        ("DELETE", "text/event-stream"),
    ],
)  # fmt: skip
def test_a_token_in_the_address_opens_nothing_where_a_header_can_be_set(
    method: str, accept: str, header: bool
) -> None:
    async def story(house: Surface) -> list[int]:
        server = await application(house)
        token = await server.end_user_token()
        id = (await negotiate(house, token)).json["connectionToken"]
        polled = await send(
            house.app, "GET", f"/rtas?id={id}", headers=[("Authorization", f"Bearer {token}")]
        )
        target = f"/rtas?id={id}"
        found = await asked(house, method, target, token, accept=accept, header=header)
        return [polled.status, found]

    assert play(story) == [200, 401]


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("path", ["/rtas/negotiate", "/hubs/some/negotiate"])
def test_nobody_negotiates_with_a_token_in_the_address(path: str, header: bool) -> None:
    async def story(house: Surface) -> int:
        token = await (await application(house)).end_user_token()
        return await asked(house, "POST", path, token, header=header)

    assert play(story) == 401


def test_a_token_in_the_address_opens_sockets_and_streams() -> None:
    async def story(house: Surface) -> tuple[str, int]:
        token = await (await application(house)).end_user_token()
        ear = await connect(house, token)
        heard = (await ear.event())[0]
        id = (await negotiate(house, token)).json["connectionToken"]
        streamed = await asked(house, "GET", f"/rtas?id={id}", token, accept="text/event-stream")
        return heard, streamed

    assert play(story) == ("ConnectionEstablished", 200)


def test_a_head_is_no_poll() -> None:
    async def story(house: Surface) -> tuple[int, str]:
        token = await (await application(house)).end_user_token()
        id = (await negotiate(house, token)).json["connectionToken"]
        headers = [("Authorization", f"Bearer {token}")]
        answer = await send(house.app, "HEAD", f"/rtas?id={id}", headers=headers)
        return answer.status, answer.header("allow")

    assert play(story) == (405, "GET, POST, DELETE, OPTIONS")
