"""Devices: a user registers a phone, and approves on it what a journey asks.

A claim is not enough: the User must have been loaded, added or proven on every path before, so that
an author has decided whose phone it is. What a page shows is derived each time, and a slot holds no
code.
"""
