"""Text to tree: tokens, grammar, nodes, and texts with expressions in them. Knows no types."""
