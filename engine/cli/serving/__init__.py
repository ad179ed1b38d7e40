"""What `serve` and `demo` share: sockets, certificates, the HTTP server, logs."""
