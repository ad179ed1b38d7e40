"""The words of design 2 as frozen values.

Knows expressions, secrets' references and errors; does nothing.
"""
