"""Real time: who may listen to what, and what they are told; no sockets, no journeys."""
