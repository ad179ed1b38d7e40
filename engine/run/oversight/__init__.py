"""What an operator sees of a visit, and does to it."""
