"""HTTP's values and rules, without any gateway.

* ``messages``: one request and one reply as plain values
* ``query``: query strings, parsed as Go parses them
* ``fields``: the parameter that picks what a JSON response has
* ``conditions``: conditional requests (``If-Match`` and its like), entity tags and dates
* ``ranges``: byte ranges, ``multipart/byteranges``, and the text of a 416
* ``headers``: content type, disposition and security headers
* ``accept``: the media types that a client names in ``Accept``
* ``caching``: ``Cache-Control``
* ``cors``: cross-origin headers and preflights
"""
