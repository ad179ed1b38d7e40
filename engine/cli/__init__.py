"""The command `trustflow`: one file per group of commands. Knows all rooms; nothing knows it."""
