"""The headers of the picture formats, read before any pixel is decoded.

``header``      the values that every format's module returns
``jpeg``        JPEG, ITU-T T.81 annex B
``jpeg_segments`` the segments of a JPEG
``jpeg_frame``  the frame header of a JPEG, and its blocks
``jpeg_profile`` the ICC profile of a JPEG
``jpeg_scans``  what the scans of a JPEG tell, and how many data they need
``png``         PNG, third edition
``png_chunks``  the chunks of a PNG
``png_colour``  the colour space of a PNG
``png_passes``  the scanlines of a PNG
``png_deflate`` the compressed data of a PNG
``png_rows``    whether a PNG has pixels for every row
``gif``         GIF89a
``webp``        WebP, RFC 9649
"""
