import pytest

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats.jpeg_frame import Component, Frame, read

SOF0 = 0xC0
FULL = ((1, 1), (1, 1), (1, 1))
SUBSAMPLED = ((2, 2), (1, 1), (1, 1))


def frame(
    *factors: tuple[int, int],
    width: int = 160,
    height: int = 80,
    is_progressive: bool = False,
    is_arithmetic: bool = False,
) -> Frame:
    components = (Component(number, *factor) for number, factor in enumerate(factors, 1))
    return Frame(width, height, tuple(components), is_progressive, is_arithmetic)


def contents(*sampling: int, precision: int = 8) -> bytes:
    components = b"".join(bytes((number, factors, 0)) for number, factors in enumerate(sampling))
    return bytes((precision, 0, 80, 0, 160, len(sampling))) + components


def test_a_frame_header_is_read() -> None:
    found = read(b"before" + contents(0x21, 0x11, 0x11), 0xC2, len(b"before"))
    assert (found.width, found.height) == (160, 80)
    assert found.components[0] == Component(0, across=2, down=1)
    assert found.is_progressive
    assert not found.is_arithmetic
    assert not found.has_full_chroma
    assert found.samples_per_pixel == 2
    assert read(contents(0x11, 0x11, 0x11), SOF0, 0).has_full_chroma
    assert read(contents(0x11), 0xCA, 0).is_arithmetic


def test_chroma_may_have_more_samples_than_luma() -> None:
    assert read(contents(0x11, 0x22, 0x22), SOF0, 0).samples_per_pixel == 2.25


@pytest.mark.parametrize(
    ("data", "marker", "why"),
    [
        (contents(0x11), 0xC3, "unsupported"),
        (contents(0x11, precision=12), SOF0, "unsupported"),
        (contents(), SOF0, "corrupt"),
        (contents(*(0x11,) * 5), SOF0, "corrupt"),
        (contents(0x01), SOF0, "corrupt"),
        (contents(0x15), SOF0, "corrupt"),
    ],
)
def test_a_frame_that_is_not_decoded_has_its_reason(data: bytes, marker: int, why: str) -> None:
    with pytest.raises(ThumbFailed, match=why):
        read(data, marker, 0)


def test_a_frame_header_that_is_cut_is_refused() -> None:
    with pytest.raises(IndexError):
        read(contents(0x11)[:-2], SOF0, 0)


def test_components_with_the_same_identifier_are_named_one_after_the_other() -> None:
    components = (Component(7, 2, 2), Component(7, 1, 1), Component(8, 1, 1))
    same = Frame(16, 16, components, is_progressive=False, is_arithmetic=False)
    assert same.components_of(b"\7\7\x08") == (0, 1, 2)


@pytest.mark.parametrize(
    ("picture", "components", "blocks"),
    [
        (frame((1, 1)), (0,), 20 * 10),
        (frame((1, 1), width=161), (0,), 21 * 10),
        (frame((2, 2)), (0,), 20 * 10),  # alone, a component's factors mean nothing
        (frame(*FULL), (0, 1, 2), 20 * 10 * 3),
        (frame(*SUBSAMPLED), (0, 1, 2), 10 * 5 * 6),
        (frame(*SUBSAMPLED, width=161), (0, 1, 2), 11 * 5 * 6),
        (frame(*SUBSAMPLED, width=161), (0,), 21 * 10),
        (frame(*SUBSAMPLED, width=161), (1,), 11 * 5),
    ],
)
def test_blocks_are_counted_as_they_are_coded(
    picture: Frame, components: tuple[int, ...], blocks: int
) -> None:
    assert picture.blocks(components) == blocks
