"""Commands about a PostgreSQL database, and what `doctor` says of it."""
