"""The frame header of a JPEG (ITU-T T.81 §B.2.2), and the blocks that its scans consist of (§A.2).

A block is 8 × 8 samples of a component. Components may have fewer samples than the picture has
pixels: as many as their sampling factors say, relative to the largest ones.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.header import big_endian

_BASELINE = 0xC0
_EXTENDED = 0xC1
_PROGRESSIVE = 0xC2
_ARITHMETIC = 0xC9
_PROGRESSIVE_ARITHMETIC = 0xCA
_NO_FRAME_HEADERS = frozenset({0xC4, 0xC8, 0xCC})

FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - _NO_FRAME_HEADERS
"""The markers of all frame headers (table B.1)."""

_DECODED = frozenset({_BASELINE, _EXTENDED, _PROGRESSIVE, _ARITHMETIC, _PROGRESSIVE_ARITHMETIC})
_PRECISION = 8

# Places in the contents of a frame header
_HEIGHT = 1
_WIDTH = 3
_COMPONENTS = 5
_FIRST_COMPONENT = 6
_BYTES_PER_COMPONENT = 3

_MAX_COMPONENTS = 4
_SAMPLING_FACTORS = range(1, 5)
_BLOCK_SIDE = 8


class Component(NamedTuple):
    """A component's identifier, and its sampling factors."""

    identifier: int
    across: int
    down: int

    @property
    def sampling(self) -> tuple[int, int]:
        """Both sampling factors."""
        return self.across, self.down


@dataclass(frozen=True)
class Frame:
    """The fields of a frame header."""

    width: int
    height: int
    components: tuple[Component, ...]
    is_progressive: bool
    is_arithmetic: bool

    @property
    def has_full_chroma(self) -> bool:
        """Whether every component has as many samples."""
        return len({component.sampling for component in self.components}) == 1

    @property
    def samples_per_pixel(self) -> float:
        """Samples of all components."""
        samples = sum(component.across * component.down for component in self.components)
        return samples / (self._most_across * self._most_down)

    def components_of(self, identifiers: Iterable[int]) -> tuple[int, ...]:
        """The numbers of the components that a scan names.

        Like libjpeg: of several with one identifier, the first is meant, then the second.
        ThumbFailed ``corrupt`` if there is no such component.
        """
        numbers: list[int] = []
        for identifier in identifiers:
            named = [
                number
                for number, component in enumerate(self.components)
                if component.identifier == identifier and number not in numbers
            ]
            if not named:
                raise ThumbFailed("corrupt")
            numbers.append(named[0])
        return tuple(numbers)

    def blocks(self, numbers: tuple[int, ...]) -> int:
        """How many blocks a scan of these components has."""
        components = [self.components[number] for number in numbers]
        if len(components) == 1:
            component = components[0]
            columns = math.ceil(self.width * component.across / self._most_across)
            rows = math.ceil(self.height * component.down / self._most_down)
            return math.ceil(columns / _BLOCK_SIDE) * math.ceil(rows / _BLOCK_SIDE)
        units_across = math.ceil(self.width / (_BLOCK_SIDE * self._most_across))
        units_down = math.ceil(self.height / (_BLOCK_SIDE * self._most_down))
        blocks_in_unit = sum(component.across * component.down for component in components)
        return units_across * units_down * blocks_in_unit

    @property
    def _most_across(self) -> int:
        return max(component.across for component in self.components)

    @property
    def _most_down(self) -> int:
        return max(component.down for component in self.components)


def read(
    data: bytes,
    marker: int,
    start: int,
) -> Frame:
    """The frame header whose contents begin at ``start``.

    ThumbFailed ``unsupported`` for lossless and hierarchical ones, and 12 bits; ``corrupt`` for
    no or more than four components, and impossible sampling factors. IndexError if the data end
    before.
    """
    if marker not in _DECODED or data[start] != _PRECISION:
        raise ThumbFailed("unsupported")
    count = data[start + _COMPONENTS]
    first = start + _FIRST_COMPONENT
    components = tuple(
        _component(data, first + _BYTES_PER_COMPONENT * number) for number in range(count)
    )
    factors = {factor for component in components for factor in component.sampling}
    if not 0 < count <= _MAX_COMPONENTS or not factors.issubset(_SAMPLING_FACTORS):
        raise ThumbFailed("corrupt")
    return Frame(
        width=big_endian(data, start + _WIDTH, 2),
        height=big_endian(data, start + _HEIGHT, 2),
        components=components,
        is_progressive=marker in {_PROGRESSIVE, _PROGRESSIVE_ARITHMETIC},
        is_arithmetic=marker in {_ARITHMETIC, _PROGRESSIVE_ARITHMETIC},
    )


def _component(data: bytes, at: int) -> Component:
    sampling = data[at + 1]
    return Component(data[at], across=sampling >> 4, down=sampling & 0x0F)
