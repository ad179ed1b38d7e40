"""How people and apps get in: process tokens, links, begin keys, tickets, return addresses."""
