"""Bytes to a document: plain values, each with the line and column where it was written."""
