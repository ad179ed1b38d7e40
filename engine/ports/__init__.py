"""What we need from outside, as small Protocols. Knows values only; adapters know these."""
