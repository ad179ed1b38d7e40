"""Form JSON to a compiled form: a check for every question, a visibility for every condition."""
