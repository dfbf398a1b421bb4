"""The headers of the picture formats, read before any pixel is decoded.

``header``  the values that every format's module returns
``jpeg``    JPEG, ITU-T T.81 annex B
``png``     PNG, third edition
``gif``     GIF89a
``webp``    WebP, RFC 9649
"""
