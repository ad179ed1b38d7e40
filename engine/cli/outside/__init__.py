"""Commands about programs elsewhere: webhooks that tell them, and what they could not be told."""
