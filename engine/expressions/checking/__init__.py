"""Tree to typed tree: names, members, presence, operators. Knows no values."""
