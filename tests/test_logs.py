"""The lines of the log: one each, and nothing of what people typed."""

import json
import logging

from engine.logs import JsonLines

CANARY = "CANARY-hush-hush-1234"


def test_log_line_is_one_line_whatever_is_in_it() -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "two\nlines\x1b[31m", None, None)

    line = JsonLines().format(record)

    assert "\n" not in line
    assert "\x1b" not in line
    assert json.loads(line)["at"].endswith("+00:00")


def test_log_of_a_strangers_exception_says_its_type_alone() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "broken", None, info)

    line = JsonLines().format(record)

    assert json.loads(line)["type"] == "ValueError"
    assert CANARY not in line
