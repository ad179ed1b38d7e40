"""Hints spell our commands as they were called here."""

import sys

import pytest

from engine.cli.hints import command_name


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("/home/ines/project/engine/__main__.py", "python3 -m engine"),
        ("/home/ines/.venv/bin/trustflow", "trustflow"),
        ("/home/ines/.venv/lib/site-packages/pytest/__main__.py", "trustflow"),
        ("-c", "trustflow"),
    ],
)
def test_the_command_is_named_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, called: str, name: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called])

    assert command_name() == name
