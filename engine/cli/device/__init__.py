"""`device`: a virtual agent, the authenticator app of this machine."""
