"""`demo`: a first start makes everything, a terminal tells what to try."""
