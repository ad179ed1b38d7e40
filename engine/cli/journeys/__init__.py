"""People's journeys by command: looking at them, deciding, ending and erasing them."""
