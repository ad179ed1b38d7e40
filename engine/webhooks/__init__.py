"""Webhooks: where journeys tell other programs what became of them, in which words, and signed.

Knows records and units of work; sends nothing itself.
"""
