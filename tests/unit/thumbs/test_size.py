import pytest

from pocketfiles.thumbs.size import THUMBABLE, ThumbSize, parse


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("100x100", ThumbSize(100, 100)),
        ("300x0", ThumbSize(300, 0)),
        ("0x300", ThumbSize(0, 300)),
        ("64x48t", ThumbSize(64, 48, "t")),
        ("64x48b", ThumbSize(64, 48, "b")),
        ("64x48f", ThumbSize(64, 48, "f")),
        ("007x1", ThumbSize(7, 1)),
    ],
)
def test_a_size_is_width_height_and_mode(text: str, size: ThumbSize) -> None:
    assert parse(text) == size


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "100",
            "100x",
            "x100",
            "0x0",
            "0x0f",
            "-1x5",
            "1e2x1",
            "100X100",
            "1x1c",
            "1x1ff",
        ),
        *(" 1x1", "1x1\n", "٣x٣", "1x1x1", "1.5x2", "1234567890x1"),
    ],
)
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse(text)


def test_an_animated_png_is_thumbable_under_the_name_pocketbase_stores() -> None:
    assert "image/vnd.mozilla.apng" in THUMBABLE
    assert not THUMBABLE & {
        "image/svg+xml",
        "image/avif",
        "image/tiff",
        "image/png; charset=binary",
        "",
    }
