"""The published schemas (JSON Schema 2020-12): editors complete with them, `shape` judges by them."""
