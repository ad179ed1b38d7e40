"""How browsers reach the hub: negotiation, WebSockets, server-sent events, long polling."""
