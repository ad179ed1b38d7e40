"""Form JSON to a compiled form: one check for every question, one visibility for every condition."""
