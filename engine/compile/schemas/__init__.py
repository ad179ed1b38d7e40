"""The published schemas (JSON Schema 2020-12): editors use them, and `shape` judges by them."""
