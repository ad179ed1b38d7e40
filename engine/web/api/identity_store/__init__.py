"""`/api/identity-store`: stores, users, policies, passcodes (trustx-identity.md 2 to 5)."""
