"""The base of every value that is stored or sent.

Frozen, keyword-only, encoded without its defaults.
"""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frozen value that encodes to JSON and back to an equal one."""


class Tagged(Value, frozen=True, kw_only=True, tag_field="is", tag=True):
    """A member of a closed union; `is` carries its class name in JSON."""
