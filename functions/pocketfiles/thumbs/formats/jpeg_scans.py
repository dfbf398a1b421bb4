"""What the scans of a JPEG tell of its coefficients (ITU-T T.81 §B.2.3, annexes F and G).

Each component has blocks of 64 coefficients, of which the first is the block's mean level. A scan
of a progressive JPEG tells some of them, first without their lowest bits; later scans refine these
bit by bit.
"""

from dataclasses import dataclass

from pocketfiles.thumbs.formats.jpeg_frame import Frame

_COEFFICIENTS = 64
_BYTES_PER_COMPONENT = 2
_LOW_BITS_MASK = 0x0F
_BITS_OF_A_BYTE = 8

_MIN_BITS_PER_BLOCK = 2
"""A Huffman code has at least one bit. A block has two: one for its mean level, and one that says
that the rest are 0 (§F.1.2)."""

_MIN_BITS_PER_MEAN_LEVEL = 1
"""In a progressive JPEG the rest are in other scans (§G.1.2.1)."""

_MAX_BYTES_PER_BLOCK = 256
"""64 coefficients with codes of up to 16 bits and values of up to 10, and some zeros after FF."""


@dataclass(frozen=True)
class Scan:
    """The scan header of a frame: the numbers of its components and coefficients, from ``first``
    to ``last``.

    ``high_bit`` is 0 in the first scan of these coefficients; ``low_bit`` is 0 if their lowest bit
    is told.
    """

    frame: Frame
    components: tuple[int, ...]
    first: int = 0
    last: int = _COEFFICIENTS - 1
    high_bit: int = 0
    low_bit: int = 0

    @property
    def tells_mean_levels(self) -> bool:
        """Whether it is the first scan of the blocks' mean levels."""
        return self.first == 0 and self.high_bit == 0

    @property
    def min_bytes(self) -> float:
        """Fewest bytes of entropy-coded data. Arithmetic coding may need nearly none."""
        if self.frame.is_arithmetic or not self.tells_mean_levels:
            return 0
        is_progressive = self.frame.is_progressive
        bits = _MIN_BITS_PER_MEAN_LEVEL if is_progressive else _MIN_BITS_PER_BLOCK
        return self.frame.blocks(self.components) * bits / _BITS_OF_A_BYTE

    @property
    def max_bytes(self) -> int:
        """Most bytes of entropy-coded data that are read; what follows is junk."""
        return self.frame.blocks(self.components) * _MAX_BYTES_PER_BLOCK


def read(contents: bytes, frame: Frame) -> Scan:
    """The scan header with these contents. IndexError if it is cut; ThumbFailed ``corrupt`` if it
    names a component that there is not.

    A scan that is not progressive tells everything, whatever its header says, as to libjpeg.
    """
    count = contents[0]
    after_components = 1 + _BYTES_PER_COMPONENT * count
    first = contents[after_components]
    last = contents[after_components + 1]
    bits = contents[after_components + 2]
    components = frame.components_of(contents[1:after_components:_BYTES_PER_COMPONENT])
    if not frame.is_progressive:
        return Scan(frame, components)
    return Scan(
        frame,
        components,
        first=first,
        last=last,
        high_bit=bits >> 4,
        low_bit=bits & _LOW_BITS_MASK,
    )


class Coefficients:
    """The coefficients of a picture of so many components, as told by the scans added so far."""

    def __init__(self, components: int) -> None:
        self._exact: list[set[int]] = [set() for _ in range(components)]
        self._with_mean_levels: set[int] = set()

    def add(self, scan: Scan) -> None:
        """Note what a scan tells."""
        if scan.tells_mean_levels:
            self._with_mean_levels.update(scan.components)
        if scan.low_bit == 0:
            told = range(scan.first, min(scan.last + 1, _COEFFICIENTS))
            for component in scan.components:
                self._exact[component].update(told)

    @property
    def have_mean_levels(self) -> bool:
        """Whether no component is grey for want of any scan."""
        return len(self._with_mean_levels) == len(self._exact)

    @property
    def are_complete(self) -> bool:
        """Whether every coefficient of every component is known to its lowest bit."""
        return all(len(exact) == _COEFFICIENTS for exact in self._exact)
