"""trustflow: an open engine for identity journeys; each room says in its docstring what it is."""
