"""The outside world behind the ports: stores, keys, hashing, clock, chance and shelves.

Knows no loop and no web; named only where the program is wired.
"""
