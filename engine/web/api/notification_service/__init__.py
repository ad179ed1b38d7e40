"""Webhooks and what could not be delivered, for programs (trustx-identity.md 10.2, 11)."""
