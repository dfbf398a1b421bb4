"""``python -m admin``: PocketBase's data brought to AWS, kept in step, or managed without
PocketBase.

In reading order: ``importer`` (one round: read, plan, apply); the source: ``pocketbase`` with
``database``, ``sealed_settings``, ``views`` and ``storage_dir``; ``mirror`` (both sides) with
``differences``, filled by ``gather`` and ``compare``; ``plan`` (pure); ``guard``; ``apply`` and
``bucket`` (AWS); ``watch``. ``explain`` tells why a URL is served or refused. ``commands`` has one
module per subcommand.
"""
