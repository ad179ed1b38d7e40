"""The hub: who listens to what on this machine, and what each has been told; no HTTP."""
