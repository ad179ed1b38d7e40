"""What a caller is told when a method is not run, or breaks; texts as .NET's server has them."""

from __future__ import annotations

from collections.abc import Collection

from engine.signalr.messages import Invocation, StreamInvocation


def unknown_method(target: str) -> str:
    """Say that there is no such method."""
    return f"Unknown hub method '{target}'"


def not_bound(target: str) -> str:
    """Say that the arguments are not those of the method."""
    return f"Failed to invoke '{target}' due to an error on the server."


def broken(target: str) -> str:
    """Say that the method broke; why is not for the caller."""
    return f"An unexpected error occurred invoking '{target}' on the server."


def not_permitted(target: str) -> str:
    """Say that this user may not call the method."""
    return f"Failed to invoke '{target}' because user is unauthorized"


def not_streaming(target: str) -> str:
    """Say that the method answers once, and was asked for a stream."""
    asked = f"The client attempted to invoke the non-streaming '{target}' method"
    return f"{asked} with a streaming invocation."


def complaint(call: Invocation | StreamInvocation, methods: Collection[str]) -> str | None:
    """Say why a call cannot be run; None where it can. None of our methods has to do with streams.

    Args:
        call: As the client sent it; the case of its target does not matter.
        methods: What there is, in lower case.
    """
    if call.target.lower() not in methods:
        return unknown_method(call.target)
    if isinstance(call, StreamInvocation):
        return not_streaming(call.target)
    return broken(call.target) if call.stream_ids else None
