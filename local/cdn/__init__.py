"""CloudFront on this machine: the real edge functions, a cache with the template's key, and both
origins.

``functions``     runs ``edge/*.js`` in Node, with a key value store
``cache``         keeps answers as CloudFront does: by key, as long as Cache-Control says
``bucket``        the bucket as an origin, behind origin access control
``policy``        the template's cache policy
``distribution``  one request from viewer to origin and back
``invalidations`` CloudFront's API, by which ``admin`` makes the cache forget
``start``         puts them together in front of a local API
"""
