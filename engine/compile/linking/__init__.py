"""A document of the right shape to nodes and edges: every name looked up, nothing proved yet."""
