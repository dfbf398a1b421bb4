"""Recorders: they ask a running PocketBase the recorded questions again and write down its answers.

* ``pocketbase``: requests to PocketBase, and tokens of its records
* ``http_answers``: the answers to requests
* ``rule_decisions``: which rules are saved, and whom they show a record
* ``thumbs``: the types, dimensions and pixels of thumbs
* ``content_types``: the types of contents
* ``new_rules``: makes up rules that are not recorded yet

docs/recording.md says how to use them.
"""
