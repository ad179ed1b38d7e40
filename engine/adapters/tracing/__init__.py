"""Traces by OpenTelemetry, and the wrapping of ports whose calls become spans.

Nothing in the house knows of them but the wiring; without the extra `otel` nothing is imported.
"""
