"""One hop: the activities it calls, what they stage, the rows it writes, and its commit.

Knows the outside by its ports alone; takes turns only through `interpret.advance`.
"""
