"""Bytes <-> words: routes, pages and wire formats.

Knows `run` and values; knows no activity and no adapter.
"""
