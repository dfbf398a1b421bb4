"""PocketBase's file API over S3: the library both Lambda functions call.

In reading order: ``errors`` (every refusal and its status), ``config`` (settings), ``catalogue.model``
(collections, fields, records), ``keys`` (where an object lies), ``headers`` (HTTP's conditions, ranges
and names), ``tokens``, ``rules`` (who may see a record), ``thumbs`` (size, geometry, pixels), then the two
use cases ``serve`` and ``issue``. ``storage`` alone talks to S3, ``catalogue.table`` alone to DynamoDB,
``thumbs.render`` alone to Pillow.
"""

__version__ = "0.1.0"
