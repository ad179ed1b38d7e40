"""One file per kind of node: what entering and leaving it means."""
