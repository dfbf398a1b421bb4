"""What PocketBase knows: collections, settings and records, and the table they are read from.

- ``model``: collections, fields, records and settings as plain values
- ``generations``: how items written one by one are seen as one snapshot
- ``items``: the model as items of the table, and back
- ``table``: the table, read; the only module of the functions that calls DynamoDB
- ``cached``: snapshots for the use cases, with collections and settings from memory
"""
