"""Collections, records and files for a table that no PocketBase feeds."""
