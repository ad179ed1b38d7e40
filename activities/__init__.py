"""The shipped activities, one file per family: of all of `engine` they know `engine.activity` alone."""
