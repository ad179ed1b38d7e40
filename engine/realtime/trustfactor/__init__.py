"""TrustFactor's part: devices are registered with codes, and answer transactions; no journeys.

Source: rtas.md 2, 9 and 12. What is told of it to applications and journeys is told by whoever
calls this.
"""
