"""Every recorded thumb: as large as PocketBase's, and its pixels as near as a better thumb can be.

Pictures that differ on purpose are in sets with names: ``UPRIGHT`` (orientation where browsers
honour it), ``FIRST_FRAME``, ``WITHOUT_MARKER`` and ``WITHOUT_END`` (PocketBase makes no thumb of
them),
``RIGHT_COLOURS`` (PocketBase's lossy WebP is washed out), ``ADAPTIVE`` (PocketBase's GIF has a
fixed, dithered palette) and ``FULL_CHROMA`` (JPEGs that stay 4:4:4, which takes more bytes).
"""

import io
import json
import math
from array import array
from collections import Counter
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageMath, ImageOps, ImageStat

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import geometry
from pocketfiles.thumbs.render import Thumb, render
from pocketfiles.thumbs.size import parse

HERE = Path(__file__).resolve().parent
STORAGE = HERE.parent.parent / "local" / "demo" / "pb_data" / "storage"
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (HERE / "thumbs.jsonl").read_text("utf-8").splitlines()
]

UPRIGHT = {"orientation6.png"}
FIRST_FRAME = {"animated.png", "animated.webp"}
WITHOUT_MARKER = {"cmyk_no_adobe.jpg"}
WITHOUT_END = {"no_eoi.jpg"}
FULL_CHROMA = {"yuv444.jpg", "cmyk.jpg"}
RIGHT_COLOURS = {"photo.webp"}
ADAPTIVE = {"still.gif", "interlaced.gif", "animated.gif", "transparent.gif"}

BROKEN = {
    "truncated.jpg": "truncated",
    "truncated.png": "truncated",
    "header_only.jpg": "truncated",
    "bad_crc.png": "corrupt",
}
SMALLEST = 30  # smaller sides say little about a filter
VISIBLE = [row for row in ROWS if "pixels" in row and min(row["width"], row["height"]) >= SMALLEST]


def label(row: dict[str, Any]) -> str:
    return f"{row['source']}-{row['thumb']}"


@cache
def source(filename: str) -> bytes:
    return next(STORAGE.glob(f"*/*/{filename}")).read_bytes()


def thumb(row: dict[str, Any]) -> Thumb:
    return render(source(row["filename"]), parse(row["thumb"]))


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def recorded(row: dict[str, Any]) -> Image.Image:
    return opened((HERE / "thumb_pixels" / row["pixels"]).read_bytes())


def plainly_resized(row: dict[str, Any]) -> Image.Image:
    """The thumb by a full decode and Pillow's filter, upright and uncompressed."""
    image = ImageOps.exif_transpose(opened(source(row["filename"])))
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    steps = geometry.plan(*image.size, parse(row["thumb"]))
    image = image.crop(steps.crop) if steps.crop else image
    image = image.resize(steps.resize, Image.Resampling.BILINEAR) if steps.resize else image
    return image.crop(steps.trim) if steps.trim else image


def psnr(one: Image.Image, two: Image.Image) -> float:
    """Decibels, over all four channels of the pixels that can be seen in either."""
    one, two = one.convert("RGBA"), two.convert("RGBA")
    seen = ImageChops.lighter(one.getchannel("A"), two.getchannel("A")).point([0] + [255] * 255)
    squares = ImageStat.Stat(ImageChops.difference(one, two), seen).rms
    mean = sum(value**2 for value in squares) / len(squares)
    return 10 * math.log10(255**2 / mean) if mean else math.inf


def luma_ssim(one: Image.Image, two: Image.Image) -> float:
    """Mean structural similarity of the luma on white, in overlapping windows of 8 × 8 pixels."""

    def luma(image: Image.Image) -> Image.Image:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("L").convert("F")

    def ssim(of: dict[str, Any]) -> Any:
        variances = of["aa"] - of["a"] * of["a"], of["bb"] - of["b"] * of["b"]
        covariance = of["ab"] - of["a"] * of["b"]
        light = (2 * of["a"] * of["b"] + 6.5025) / (of["a"] * of["a"] + of["b"] * of["b"] + 6.5025)
        return light * (2 * covariance + 58.5225) / (sum(variances) + 58.5225)

    a, b = luma(one), luma(two)
    products = {
        name: ImageMath.lambda_eval(lambda of: of["x"] * of["y"], x=x, y=y)
        for name, x, y in (("aa", a, a), ("bb", b, b), ("ab", a, b))
    }
    values = []
    for left, top in ((0, 0), (4, 0), (0, 4), (4, 4)):
        box = left, top, left + (a.width - left) // 8 * 8, top + (a.height - top) // 8 * 8
        means = {
            name: image.reduce(8, box) for name, image in ({"a": a, "b": b} | products).items()
        }
        values.append(fmean(array("f", ImageMath.lambda_eval(ssim, **means).tobytes())))
    return fmean(values)


def test_similarity_metrics_match_known_values() -> None:
    image = Image.linear_gradient("L").resize((48, 40))
    noise = Image.effect_noise((48, 40), 64)
    assert luma_ssim(image, image) == pytest.approx(1)
    assert luma_ssim(image, image.point(lambda value: value * 0.9)) == pytest.approx(
        0.98, abs=0.015
    )
    assert luma_ssim(image, noise) < 0.2
    assert psnr(image, image) == math.inf
    assert psnr(image, image.point(lambda value: min(255, value + 1))) == pytest.approx(
        48.1 + 1.25, abs=0.1
    )


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_a_thumb_is_made_where_pocketbase_makes_one_and_as_large(row: dict[str, Any]) -> None:
    if row["source"] in BROKEN:
        assert row["original_served"]
        with pytest.raises(ThumbFailed, match=BROKEN[row["source"]]):
            thumb(row)
        return
    made = thumb(row)
    assert opened(made.body).size == (made.width, made.height)
    if row["source"] in FIRST_FRAME | WITHOUT_MARKER | WITHOUT_END:
        assert row["original_served"]
        return
    expected = (row["width"], row["height"])
    if row["source"] in UPRIGHT:
        width, height = opened(source(row["filename"])).size
        expected = geometry.result_size(
            height, width, geometry.plan(height, width, parse(row["thumb"]))
        )
    assert (made.width, made.height) == expected


LOSSLESS = [
    row
    for row in VISIBLE
    if row["source"].endswith((".png", "named.jpg")) and row["format"] == "PNG"
]


@pytest.mark.parametrize(
    "row", [row for row in LOSSLESS if row["source"] not in UPRIGHT], ids=label
)
def test_lossless_thumbs_have_pocketbases_pixels(row: dict[str, Any]) -> None:
    assert psnr(opened(thumb(row).body), recorded(row)) >= 40


LOSSY = [
    row
    for row in VISIBLE
    if row["source"].endswith(".webp") or row["format"] == "JPEG"
    if row["source"] not in UPRIGHT | RIGHT_COLOURS
]


@pytest.mark.parametrize("row", LOSSY, ids=label)
def test_lossy_thumbs_look_like_pocketbases(row: dict[str, Any]) -> None:
    assert luma_ssim(opened(thumb(row).body), recorded(row)) >= 0.965


@pytest.mark.parametrize(
    "row", [row for row in VISIBLE if row["source"] in RIGHT_COLOURS], ids=label
)
def test_lossy_webp_looks_like_itself(row: dict[str, Any]) -> None:
    assert luma_ssim(opened(thumb(row).body), plainly_resized(row)) >= 0.965


@pytest.mark.parametrize("row", [row for row in VISIBLE if row["source"] in ADAPTIVE], ids=label)
def test_gif_thumbs_are_nearer_to_their_source_than_pocketbases(row: dict[str, Any]) -> None:
    ours, expected = opened(thumb(row).body).convert("RGBA"), plainly_resized(row)
    if row["source"] == "transparent.gif":
        hidden = ImageChops.difference(
            ours.getchannel("A"), expected.convert("RGBA").getchannel("A")
        )
        assert hidden.point(lambda value: 255 * (value > 160)).getbbox() is None
    ours.putalpha(255)
    on_black = Image.alpha_composite(
        Image.new("RGBA", ours.size, "black"), expected.convert("RGBA")
    )
    assert psnr(ours, on_black) > psnr(recorded(row), on_black)


@pytest.mark.parametrize("row", [row for row in VISIBLE if row["source"] in UPRIGHT], ids=label)
def test_upright_pictures_look_like_themselves(row: dict[str, Any]) -> None:
    assert luma_ssim(opened(thumb(row).body), plainly_resized(row)) >= 0.965


def test_a_cmyk_jpeg_without_its_marker_looks_as_with_it() -> None:
    for row in ROWS:
        if row["source"] in WITHOUT_MARKER and row["thumb"] in {"300x0", "50x50"}:
            marked = next(
                r for r in ROWS if r["source"] == "cmyk.jpg" and r["thumb"] == row["thumb"]
            )
            assert thumb(row).body == thumb(marked).body


def as_pocketbase_writes(row: dict[str, Any]) -> int:
    """Bytes of its thumb (pocketbase.md §4.8), by encoders that write as many as Go's, nearly.

    Where only the size of the thumb was recorded, the pixels are those of a plain resize.
    """
    pixels, out = recorded(row) if "pixels" in row else plainly_resized(row), io.BytesIO()
    if row["format"] == "PNG":
        pixels.save(out, "PNG")
    elif row["format"] == "JPEG":
        pixels.convert("RGB").save(out, "JPEG", quality=95, subsampling="4:2:0")
    else:
        pixels.convert("RGB").convert("P", palette=Image.Palette.WEB).save(out, "GIF")
    return len(out.getvalue())


def test_thumbs_take_less_than_three_fifths_of_the_bytes() -> None:
    ours, theirs = Counter[str](), Counter[str]()
    for row in ROWS:
        if not row["original_served"] and row["source"] not in FULL_CHROMA:
            made = thumb(row)
            ours[made.content_type] += len(made.body)
            theirs[made.content_type] += as_pocketbase_writes(row)
    shares = {kind: ours[kind] / theirs[kind] for kind in ours}
    most = {"image/jpeg": 0.55, "image/webp": 0.13, "image/gif": 0.78, "image/png": 0.85}
    assert {kind: share for kind, share in shares.items() if share > most[kind]} == {}
    assert ours.total() / theirs.total() <= 0.58
