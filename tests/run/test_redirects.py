"""A return address leads to the registered place or below it, whoever reads it (F4)."""

from __future__ import annotations

import pytest

from engine.run.redirects import is_allowed

BELOW = "https://shop.example/app/"
EXACT = "https://bank.example/back?from=id"
ALLOWED = (BELOW, EXACT, "http://127.0.0.1:3000/")

TAKEN = [
    BELOW,
    f"{BELOW}back",
    f"{BELOW}back/",
    f"{BELOW}a/b/c.html",
    f"{BELOW}a.b/..c/d..",
    f"{BELOW}p%C3%A1gina",
    f"{BELOW}two%20words",
    f"{BELOW}two+words",
    f"{BELOW}50,00@shop:1!(a)*'~$&=",
    f"{BELOW}back?to=https://other.example/../x",
    f"{BELOW}back?a=1;b=2&c=%2F..%2f&d=%25&e=%5C",
    f"{BELOW}back#part",
    f"{BELOW}{{PROCESS_INSTANCE_ID}}",
    f"{BELOW}%7BPROCESS_INSTANCE_ID%7D",
    f"{BELOW}%7bPROCESS_DNF_NAME%7d/{{PROCESS_DNF_VERSION}}",
    f"{BELOW}back?i={{PROCESS_INSTANCE_ID}}&n=%7BPROCESS_DNF_NAME%7D",
    EXACT,
    "http://127.0.0.1:3000/x",
]

REFUSED = [
    # other places
    "",
    "/",
    "/app/",
    "//shop.example/app/",
    "shop.example/app/",
    "https:shop.example/app/",
    "https:/shop.example/app/",
    "https:///shop.example/app/",
    "https://",
    "https://shop.example",
    "https://shop.example/",
    "https://shop.example/app",
    "https://shop.example/application/",
    "https://shop.example:444/app/",
    "https://shop.example./app/",
    "https://shop.example.evil.example/app/",
    "https://evil.example/app/",
    "https://evil.example/https://shop.example/app/",
    "https://evil.example?https://shop.example/app/",
    "https://evil.example#https://shop.example/app/",
    "https://me@shop.example/app/",
    "https://shop.example@evil.example/app/",
    "https://shop.example%2f@evil.example/app/",
    "https://[shop.example/app/",
    "http://shop.example/app/",
    "ftp://shop.example/app/",
    "javascript:alert(1)//https://shop.example/app/",
    "data:text/html,https://shop.example/app/",
    f"{EXACT}&more=1",
    f"{EXACT}#part",
    "https://bank.example/back/",
    # up, plainly and in escapes
    f"{BELOW}..",
    f"{BELOW}../admin",
    f"{BELOW}a/../../admin",
    f"{BELOW}./admin",
    f"{BELOW}.",
    f"{BELOW}%2e%2e/admin",
    f"{BELOW}%2E%2e%2f",
    f"{BELOW}.%2e/admin",
    f"{BELOW}%2e",
    f"{BELOW}..%2fadmin",
    f"{BELOW}..%2Fadmin",
    f"{BELOW}%2fadmin",
    f"{BELOW}..;/admin",
    f"{BELOW}..;a=b/admin",
    f"{BELOW}back;jsessionid=1",
    f"{BELOW}..%3b/admin",
    f"{BELOW}%252e%252e/admin",
    f"{BELOW}%252fadmin",
    f"{BELOW}100%25",
    f"{BELOW}%%32%65%%32%65/admin",
    f"{BELOW}%c0%ae%c0%ae/admin",
    f"{BELOW}%u002e%u002e/admin",
    f"{BELOW}%zz",
    f"{BELOW}%2",
    f"{BELOW}..%20/admin",
    f"{BELOW}%20../admin",
    f"{BELOW}../app/",
    # backslashes
    "https:\\\\shop.example/app/",
    "https://shop.example\\@evil.example/app/",
    f"{BELOW}..\\admin",
    f"{BELOW}\\admin",
    f"{BELOW}%5c..",
    f"{BELOW}..%5Cadmin",
    f"{BELOW}back?a=\\",
    # doubled slashes
    f"{BELOW}/evil.example",
    f"{BELOW}a//b",
    # characters that are dropped, turned or not seen
    f" {BELOW}",
    f"{BELOW} ",
    f"{BELOW}\n",
    f"{BELOW}.\t./admin",
    f"{BELOW}.\r\n./admin",
    f"{BELOW}\x00",
    f"{BELOW}%00",
    f"{BELOW}%0d%0aSet-Cookie:a=b",
    f"{BELOW}\x7f",
    f"{BELOW}\x85",
    f"{BELOW}\u202eexe",
    f"{BELOW}%E2%80%AEexe",
    f"{BELOW}\u200b",
    f"{BELOW}\ud800",
    f"{BELOW}back?a=\udfff",
    f"{BELOW}página",
    f"{BELOW}\uff0e\uff0e/admin",
    f"{BELOW}\u2025/admin",
    "https://shop\u3002example/app/",
]


@pytest.mark.parametrize("url", TAKEN, ids=ascii)
def test_registered_address_is_taken(url: str) -> None:
    assert is_allowed(url, ALLOWED)


@pytest.mark.parametrize("url", REFUSED, ids=ascii)
def test_address_that_may_lead_elsewhere_is_refused(url: str) -> None:
    assert not is_allowed(url, ALLOWED)


def test_without_a_list_nobody_is_sent_anywhere() -> None:
    assert not any(is_allowed(url, ()) for url in TAKEN)
