"""The functions of libvips that thumbs call, and how the library is started.

Only functions that have been stable for years are called, through ctypes.
"""

import ctypes
from ctypes import (
    POINTER,
    c_char_p,
    c_double,
    c_int,
    c_size_t,
    c_void_p,
)
from typing import Any, Final

_MAJOR = 0
_MINOR = 1
MIN_VERSION: Final = (8, 15)
"""The first version that can leave all metadata out of a PNG."""

_IMAGE: Final = c_void_p
_MADE: Final = POINTER(c_void_p)
_SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {
    # What a function returns comes first, then what it takes.
    "vips_version": (c_int, c_int),
    # Named options follow the arguments of these in pairs, up to a null pointer.
    "vips_jpegload_buffer": (c_int, c_char_p, c_size_t, _MADE),
    "vips_pngload_buffer": (c_int, c_char_p, c_size_t, _MADE),
    "vips_image_new_from_memory": (c_void_p, c_char_p, c_size_t, c_int, c_int, c_int, c_int),
    "vips_pngsave_buffer": (c_int, _IMAGE, _MADE, POINTER(c_size_t)),
    "vips_extract_area": (c_int, _IMAGE, _MADE, c_int, c_int, c_int, c_int),
    "vips_msb": (c_int, _IMAGE, _MADE),
    "vips_premultiply": (c_int, _IMAGE, _MADE),
    "vips_reduce": (c_int, _IMAGE, _MADE, c_double, c_double),
    "vips_unpremultiply": (c_int, _IMAGE, _MADE),
    "vips_rint": (c_int, _IMAGE, _MADE),
    "vips_cast_uchar": (c_int, _IMAGE, _MADE),
    "vips_insert": (c_int, _IMAGE, _IMAGE, _MADE, c_int, c_int),
    "vips_error_buffer": (c_char_p,),
    "vips_image_get_width": (c_int, _IMAGE),
    "vips_image_get_height": (c_int, _IMAGE),
    "vips_image_get_bands": (c_int, _IMAGE),
    "vips_image_get_format": (c_int, _IMAGE),
    "vips_image_write_to_memory": (c_void_p, _IMAGE, POINTER(c_size_t)),
    "vips_region_new": (c_void_p, _IMAGE),
    "vips_region_fetch": (c_void_p, c_void_p, c_int, c_int, c_int, c_int, POINTER(c_size_t)),
    "g_object_unref": (None, c_void_p),
    "g_free": (None, c_void_p),
}


def opened(path: str, min_version: tuple[int, int]) -> ctypes.CDLL:
    """libvips, started. OSError or AttributeError if it is missing, too old or does not start."""
    library = ctypes.CDLL(path)
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    if (library.vips_version(_MAJOR), library.vips_version(_MINOR)) < min_version:
        raise OSError("libvips is too old")
    # Silence warnings about embedded ICC profiles: uploads are untrusted and often have
    # broken ones.
    library.g_setenv(b"VIPS_WARNING", b"0", 0)
    if library.vips_init(b"pocketfiles"):
        raise OSError("libvips does not start")
    library.vips_cache_set_max(0)
    library.vips_concurrency_set(1)  # more threads hardly help with one picture
    return library
