"""What pages of others take: rtas-ui, small and without HTML of its own, and the bare page."""

from __future__ import annotations

import re

from tests.web.surface import Answer, Surface, send, tell

SCRIPT = "/rtas/rtas-ui.js"


def given(path: str, *headers: tuple[str, str]) -> Answer:
    async def story(house: Surface) -> Answer:
        return await send(house.app, "GET", path, headers=headers)

    return tell(story)


def test_script_is_small_and_writes_text_alone() -> None:
    script = given(SCRIPT)

    assert script.header("content-type") == "text/javascript; charset=utf-8"
    assert len(script.body) < 24_000
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|\.style\b|https?:",
        script.text,
    )


def test_script_may_be_taken_by_any_page_and_is_asked_for_again() -> None:
    script = given(SCRIPT, ("Origin", "https://bank.example"))
    again = given(SCRIPT, ("If-None-Match", script.header("etag")))

    assert script.header("cross-origin-resource-policy") == "cross-origin"
    assert script.header("access-control-allow-origin") == "*"
    assert (again.status, again.body) == (304, b"")


def test_the_bare_page_has_one_place_and_one_script() -> None:
    page = given("/rtas/mobile")

    assert page.text.count('id="rtas"') == 1
    assert page.text.count("<script") == page.text.count(f'<script src="{SCRIPT}"></script>') == 1
    policy = page.header("content-security-policy")
    assert "connect-src 'self' wss://id.example" in policy
    assert "unsafe" not in policy
