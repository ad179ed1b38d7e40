"""How any call of the API is answered: read, done, written in one commit, remembered."""
