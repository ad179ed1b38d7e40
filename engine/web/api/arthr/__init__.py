"""`/api/arthr`: the keys that programs come in with, and what they are exchanged for."""
