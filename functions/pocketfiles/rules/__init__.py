"""View rules: who may see a record (pocketbase.md §7). In the order of a decision:

- ``evaluate``: what others call; one rule, one record, one request
- ``body``: the request's body as rules see it
- ``request``: what a rule sees of the request
- ``values``: values as Go reads and writes them
- ``scanner``: the text of a rule as tokens
- ``parser``: the tokens as a tree
- ``tree``: the parsed rule as values
- ``macros``: ``@now`` and the other moments
- ``resolve``: where each identifier begins: the record, ``@collection``, ``@request``
- ``paths``: from there, from row to row, to the column at the end
- ``joins``: the joined rows in SQL
- ``query``: what a query is made of while a rule is translated
- ``compare``: a comparison in SQL
- ``like``: the patterns of ``~``
- ``functions``: ``strftime`` and ``geoDistance`` in SQL
- ``operands``: one side of a comparison in SQL
- ``plan``: a translated rule
- ``conditions``: comparisons as conditions in SQL
- ``translate``: the whole rule as SQL
- ``plans``: translated rules, kept
- ``goals``: what is left to decide, and which rows must be looked at together
- ``decide``: goals asked of SQLite
- ``schema``: a collection as a table
- ``lookups``: which fields rules look up by equality, and by which keys
- ``needs``: which records a rule needs
- ``loader``: reads them
- ``database``: these records in SQLite's memory
"""
