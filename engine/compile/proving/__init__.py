"""What holds on every path of a linked definition. No proof looks at an activity's label."""
