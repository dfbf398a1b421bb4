"""The files function.

* ``app``: the handler
* ``build``: puts the use case's parts together
"""
