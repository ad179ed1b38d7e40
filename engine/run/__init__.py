"""The loop: load, advance, perform, commit; and what stands around it.

Knows ports, identity and the door. Must not know adapters or the web.
"""
