"""HTTP out: rules for addresses, and a client that reaches the checked ones alone (security H1)."""

from engine.adapters.http.addresses import Rules
from engine.adapters.http.client import Limits, SafeHttp

__all__ = ["Limits", "Rules", "SafeHttp"]
