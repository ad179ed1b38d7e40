"""The same visits and steps as JSON, for apps: one module per API family, and the screen as data.

Knows no page and no cookie.
"""
