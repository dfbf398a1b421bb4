"""View rules: who may see a record (pocketbase.md §7).

Read in this order: ``scanner`` (text to tokens), ``parser`` (tokens to the ``tree``), ``request``, ``like``
and ``macros`` (what is bound), ``joins``, ``query`` and ``resolve`` (identifiers to columns of joined rows),
``compare``, ``functions`` and ``translate`` (the whole rule as SQL), ``schema``, ``database`` and ``facts``
(the rows, in SQLite's memory), ``evaluate`` (what others call).
"""
