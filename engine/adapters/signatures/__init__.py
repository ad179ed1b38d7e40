"""Signatures by `cryptography`: RS256 of tokens, Ed25519 of devices."""
