"""RTAS for application servers: login, end-user tokens, callbacks, and the clients that may."""
