"""Texts that people read on a device before they decide: nothing in them may rewrite the others."""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
"""Controls, directions and joiners, line ends, halves of characters."""


def is_plain(text: str) -> bool:
    """Whether a text is of characters alone that are seen, one behind the other."""
    return not any(unicodedata.category(one) in _UNSEEN for one in text)
