"""The API described: an OpenAPI document made of the rows that answer it, and a page to read it."""
