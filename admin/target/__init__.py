"""The table and the bucket that are written to."""
