"""The headers of the picture formats, read before any pixel is decoded.

``header``      the values that every format's module returns
``jpeg``        JPEG, ITU-T T.81 annex B
``jpeg_profile`` the ICC profile of a JPEG
``jpeg_scans``  whether the scans of a JPEG have told all of it
``png``         PNG, third edition
``png_chunks``  the chunks of a PNG
``png_colour``  the colour space of a PNG
``png_rows``    whether a PNG has pixels for every row
``gif``         GIF89a
``webp``        WebP, RFC 9649
"""
