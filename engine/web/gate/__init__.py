"""What every request passes: headers, sources, sessions, our own pages.

Knows who may ask; knows no page and no journey.
"""
