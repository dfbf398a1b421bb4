"""Recorders: they ask a running PocketBase the recorded questions again and write down its answers.

``__main__`` is the command, ``pocketbase`` speaks to PocketBase, and ``http_answers``,
``rule_decisions``, ``thumbs`` and ``content_types`` each record one kind of row. ``new_rules`` makes
up rules that are not recorded yet. docs/recording.md says how to use them.
"""
