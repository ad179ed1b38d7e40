"""What every request passes: headers, tries, sessions, our own pages.

Knows who may ask, and how to say no; knows no journey.
"""
