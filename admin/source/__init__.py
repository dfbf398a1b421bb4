"""PocketBase's data directory, read without ever writing into it."""
