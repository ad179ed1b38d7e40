"""What is known at every node, over all paths there: keys, variables, answers, checks."""
