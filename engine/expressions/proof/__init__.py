"""What can be said of conditions without running them."""
