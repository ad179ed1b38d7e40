"""Activities about passcodes: proving one, choosing a first one, renewing and recovering it."""
