"""Thumbs: the bytes of a picture in, the bytes of its thumb out.

``render``      makes a thumb, step by step, with the modules below
``size``        the syntax of thumb sizes, and which content types have thumbs
``geometry``    which part of a picture becomes the thumb, and how large it is
``identify``    tells the four formats apart and reads their headers
``formats``     one module for each format's headers
``exif``        the orientation in an EXIF block
``task``        what to decode for a thumb
``budget``      the limits of pixels and memory
``raster``      a thumb's pixels, packed or in an image of Pillow
``decode``      chooses a decoder, decodes no more than the task needs, and resizes
``canvas``      a frame that does not cover its picture
``decode_jpeg`` decodes a JPEG, and finds out whether it is complete
``libvips``     reads JPEG and PNG by libvips, and writes PNG
``libvips_task`` reads a task's pixels by libvips
``libvips_rows`` a picture in libvips, read row by row or resized
``libvips_api`` the functions of libvips that are called
``libwebp``     reads WebP by libwebp
``shared_library`` finds the shared libraries of these two
``memory_limit`` bounds the memory that a decoder takes
``resample``    averages and resizes pixels
``colour``      converts colours to sRGB
``code_points`` the ICC profile of coding-independent code points
``icc``         writes ICC profiles
``icc_reader``  reads what embedded ICC profiles say of themselves
``content``     tells how the pixels of a thumb compress best
``drawing``     tells drawings from photographs by pixels of the source
``encode``      writes the thumb's file
``png_writer``  chooses how to filter and compress a PNG, and writes it
"""
