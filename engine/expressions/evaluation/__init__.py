"""Typed tree to closures over plain values, and the operations they call."""
