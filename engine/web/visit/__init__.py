"""A person's visit in a browser: the link that is opened, then step after step.

Knows what to ask of `run` and which page answers; knows no HTML.
"""
