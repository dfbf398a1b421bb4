"""The tokens function.

* ``app``: the handler
"""
