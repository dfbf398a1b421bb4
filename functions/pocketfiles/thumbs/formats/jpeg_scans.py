"""What the scans of a JPEG have told of its coefficients (ITU-T T.81 §B.2.3, annex G).

Each component has blocks of 64 coefficients. A scan of a progressive JPEG tells some of them, first
without their lowest bits; later scans refine these bit by bit.
"""

_COEFFICIENTS = 64
_BYTES_PER_COMPONENT = 2
_LOW_BITS_MASK = 0x0F


class Coefficients:
    """The coefficients of a picture of so many components, as told by the scans added so far."""

    def __init__(self, components: int) -> None:
        self._components = components
        self._exact: dict[int, set[int]] = {}

    def add(self, scan_header: bytes) -> None:
        """Note what a scan tells, from the contents of its header. IndexError if it is cut."""
        count = scan_header[0]
        after_components = 1 + _BYTES_PER_COMPONENT * count
        first = scan_header[after_components]
        last = scan_header[after_components + 1]
        bits = scan_header[after_components + 2]
        is_exact = bits & _LOW_BITS_MASK == 0
        for selector in scan_header[1:after_components:_BYTES_PER_COMPONENT]:
            exact = self._exact.setdefault(selector, set())
            if is_exact:
                exact.update(range(first, min(last + 1, _COEFFICIENTS)))

    @property
    def are_complete(self) -> bool:
        """Whether every coefficient of every component is known to its lowest bit."""
        complete = [exact for exact in self._exact.values() if len(exact) >= _COEFFICIENTS]
        return len(complete) >= self._components
