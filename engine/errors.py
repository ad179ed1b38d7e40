"""Everything that can break: one tree, stable codes, facts as attributes, nobody's data."""

from __future__ import annotations

from typing import ClassVar


class TrustflowError(Exception):
    """Something broke that nobody at the keyboard can answer."""

    code: ClassVar[str] = "trustflow"

    def __init__(self, **facts: object) -> None:
        """Keep the facts as attributes; the message is the class's own sentence and the facts."""
        for name, value in facts.items():
            setattr(self, name, value)
        self.facts = facts
        sentence = (type(self).__doc__ or "").strip().splitlines()[0]
        told = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        super().__init__(f"{sentence} ({told})" if told else sentence)


class ExpressionFault(TrustflowError):
    """An expression could not be evaluated: a value is missing, or a budget was passed."""

    code = "expression"


class InputRefused(ExpressionFault):
    """An input was given a value that its activity does not take."""

    code = "input"


class ProcessFault(TrustflowError):
    """The graph and the instance do not belong together, or one hop took too many turns."""

    code = "process"


class ActivityFault(TrustflowError):
    """An activity broke, or answered what its signature does not allow."""

    code = "activity"


class ActivityMissing(TrustflowError):
    """The activity that a bundle names is not installed; install the package that brings it."""

    code = "activity-missing"


class UnknownInstance(TrustflowError):
    """There is no such process instance."""

    code = "unknown-instance"


class UnknownBundle(TrustflowError):
    """There is no such bundle.

    Or its stored texts no longer give the digest they are kept under.
    """

    code = "unknown-bundle"


class Busy(TrustflowError):
    """Too much is going on right now; try again after `retry_after` seconds."""

    code = "busy"
    retry_after: int


class Contended(TrustflowError):
    """Another request is verifying this step; there is no verdict, and nothing was charged.

    `moved_on`: nobody is, but the instance stands at another revision by now.
    """

    code = "contended"
    moved_on: bool = False


class StoreUnavailable(TrustflowError):
    """The store did not take the change: disk full, broken or locked. Nothing of it was kept."""

    code = "store-unavailable"


class UnknownOutcome(TrustflowError):
    """The store's answer to a commit was lost: ask `has_hop` whether it happened."""

    code = "unknown-outcome"


class SchemaRefused(TrustflowError):
    """The stored data were written by another, newer version of the program; use that one."""

    code = "schema"


class SchemaMissing(TrustflowError):
    """The database was not brought to today's schema yet; `trustflow migrate` does it."""

    code = "schema-missing"


class AddressRefused(TrustflowError):
    """A request may not go there, or not like this; trying again is in vain."""

    code = "address-refused"


class HttpFailed(TrustflowError):
    """A program elsewhere gave no answer; it may be asked again."""

    code = "http-failed"


class VaultRefused(TrustflowError):
    """The vault has no such key, or what was sealed does not open with it."""

    code = "vault"


class SettingsRefused(TrustflowError):
    """A setting is wrong, or weaker than its floor."""

    code = "settings"


class PermissionMissing(TrustflowError):
    """A route asks for a session that its permission does not bring."""

    code = "permission"


class TextMissing(TrustflowError):
    """A sentence, or a value for its braces, is missing from a message catalogue."""

    code = "text-missing"


class SecretMisuse(TrustflowError, TypeError):
    """A secret was compared, copied, pickled, hashed or encoded."""

    code = "secret-misuse"
