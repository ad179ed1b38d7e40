"""Rows a store keeps besides instances, as frozen values. Knows the model; does nothing."""
