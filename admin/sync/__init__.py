"""One round of bringing the target in step with the source: read, plan, apply."""
