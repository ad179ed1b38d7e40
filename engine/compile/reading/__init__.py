"""Bytes to a document: plain values, and for each of them the line and column where it was written."""
