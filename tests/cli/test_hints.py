"""Hints spell our commands as they were called here."""

import sys

import pytest

from engine.cli.hints import command_name


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("project/engine/__main__.py", "python3 -m engine"),
        (".venv/bin/trustflow", "trustflow"),
        ("site-packages/pytest/__main__.py", "trustflow"),
        ("-c", "trustflow"),
    ],
)
def test_the_command_is_named_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, called: str, name: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called])

    assert command_name() == name
