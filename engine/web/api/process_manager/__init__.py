"""`/api/process-manager`: definitions, forms, tokens, instances (trustx-identity.md 8 to 10)."""
