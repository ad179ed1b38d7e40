"""trustflow: an open engine for identity journeys; every room says in its own docstring what lives there."""
