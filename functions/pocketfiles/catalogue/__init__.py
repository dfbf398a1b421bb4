"""What PocketBase knows: collections, settings and records, and the table they are read from."""
