"""Who may come in from outside a journey: tenants, the keys of programs, and what each may do."""
