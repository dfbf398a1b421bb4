"""Thumbs: made, stored and served again, or replaced by the original."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.conftest import Cloud
from tests.deployed import Deployed, deployed
from tests.functions.conftest import FILES, fill, picture, replaced_meanwhile

PUBLIC = "max-age=2592000, stale-while-revalidate=86400"


def path(name: str, size: str = "4x4") -> str:
    return f"/api/files/photos/photo1/{name}?thumb={size}"


def thumbs(api: Deployed) -> list[str]:
    return [key for key in api.stored() if "/thumbs_" in key]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("one.png", "image/png"),
        ("one.jpg", "image/jpeg"),
        ("one.gif", "image/gif"),
        ("one.webp", "image/webp"),
    ],
)
def test_a_thumb_is_made_once_stored_and_served_again(
    api: Deployed, name: str, content_type: str
) -> None:
    first = api.get(path(name))
    assert first.status == 200
    assert first.headers["content-type"] == content_type
    assert first.headers["content-disposition"] == f"inline; filename=4x4_{name}"
    assert first.headers["cache-control"] == PUBLIC
    assert thumbs(api) == [f"pbc_photos/photo1/thumbs_{name}/4x4_{name}"]
    with Image.open(io.BytesIO(first.body)) as drawn:
        assert (drawn.get_format_mimetype(), drawn.size) == (content_type, (4, 4))
    second = api.get(path(name))
    assert second.body == first.body
    assert second.headers["etag"] == first.headers["etag"]
    assert [line["thumb"] for line in api.lines()] == ["made", "stored"]


def test_a_stored_thumb_is_served_and_not_rendered_again(api: Deployed) -> None:
    key = "pbc_photos/photo1/thumbs_one.png/4x4_one.png"
    api.put(key, b"drawn by PocketBase", "image/png")
    answer = api.get(path("one.png"))
    assert (answer.body, answer.headers["content-type"]) == (b"drawn by PocketBase", "image/png")


def test_head_makes_the_thumb_and_describes_it(api: Deployed) -> None:
    head = api.ask("HEAD", path("one.png"))
    assert thumbs(api) == ["pbc_photos/photo1/thumbs_one.png/4x4_one.png"]
    answer = api.get(path("one.png"))
    assert head.headers["content-length"] == str(len(answer.body))
    assert head.headers["etag"] == answer.headers["etag"]


def test_conditions_and_ranges_apply_to_the_thumb(api: Deployed) -> None:
    answer = api.get(path("one.png"))
    tag = answer.headers["etag"]
    assert tag != api.get("/api/files/photos/photo1/one.png").headers["etag"]
    assert api.get(path("one.png"), if_none_match=tag).status == 304
    part = api.get(path("one.png"), range="bytes=1-3")
    assert (part.status, part.body) == (206, answer.body[1:4])


def test_a_range_applies_to_a_thumb_that_was_just_made(api: Deployed) -> None:
    part = api.get(path("one.png"), range="bytes=1-3")
    assert (part.status, part.body) == (206, b"PNG")


@pytest.mark.parametrize("size", ["77x77", "4X4", "4x4t", "0x0", "abc", ""])
def test_a_size_that_is_not_listed_gets_the_original(stable: Deployed, size: str) -> None:
    answer = stable.get(path("one.png", size))
    assert (answer.body, answer.headers["cache-control"]) == (FILES["one.png"][0], PUBLIC)


@pytest.mark.parametrize(
    ("name", "size"),
    [("fake.jpg", "4x4"), ("cut.png", "4x4"), ("one.png", "junk"), ("one.png", "9000x9000")],
)
def test_a_failed_thumb_is_replaced_by_the_original_and_not_cached(
    api: Deployed, name: str, size: str
) -> None:
    answer = api.get(path(name, size))
    assert (answer.status, answer.body) == (200, FILES[name][0])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f"inline; filename={name}"
    assert answer.headers["content-type"] == FILES[name][1]
    assert thumbs(api) == []
    (line,) = api.lines()
    assert (line["thumb"], bool(line["reason"])) == ("failed", True)


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("THUMB_MAX_SOURCE_BYTES", "10", "too-many-bytes"),
        ("THUMB_MAX_PIXELS", "10", ""),
        ("THUMB_MAX_OUTPUT_PIXELS", "10", ""),
    ],
)
def test_an_image_above_a_limit_is_served_as_the_original(
    cloud: Cloud, variable: str, value: str, reason: str
) -> None:
    fill(cloud, {})
    with deployed(cloud, **{variable: value}) as api:
        answer = api.get(path("one.png"))
        assert (answer.body, answer.headers["cache-control"]) == (FILES["one.png"][0], "no-store")
        (line,) = api.lines()
        assert line["thumb"] == "failed"
        assert line["reason"] == reason or not reason


@pytest.mark.parametrize("name", ["drawing.svg", "plain.txt"])
def test_a_file_that_is_no_picture_is_served_as_it_is(api: Deployed, name: str) -> None:
    answer = api.get(path(name))
    assert (answer.body, answer.headers["cache-control"]) == (FILES[name][0], PUBLIC)
    assert thumbs(api) == []


def test_a_repaired_original_gets_a_thumb(api: Deployed) -> None:
    assert api.get(path("fake.jpg")).body == FILES["fake.jpg"][0]
    api.put("pbc_photos/photo1/fake.jpg", picture("JPEG"), "image/jpeg")
    assert (
        api.get(path("fake.jpg")).headers["content-disposition"] == "inline; filename=4x4_fake.jpg"
    )


def test_a_thumb_belongs_to_the_bytes_of_its_original_whatever_happens_meanwhile(
    api: Deployed,
) -> None:
    new = picture("JPEG", (40, 10))
    with replaced_meanwhile(api.cloud, "pbc_photos/photo1/one.png", new, "image/jpeg") as replaced:
        answer = api.get(path("one.png"))
    assert replaced.done
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    assert api.get(path("one.png")).body == answer.body
    assert thumbs(api) == ["pbc_photos/photo1/thumbs_one.png/4x4_one.png"]


def test_simultaneous_first_requests_render_once(api: Deployed) -> None:
    api.put("pbc_photos/photo1/one.jpg", picture("JPEG", (2500, 2500)), "image/jpeg")
    api.get("/api/files/photos/photo1/one.png")  # the first invocation is alone, as on AWS
    api.logged()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(api.get, [path("one.jpg")] * 6))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    outcomes = [line["thumb"] for line in api.lines()]
    assert set(outcomes) <= {"made", "stored"}
    assert len(thumbs(api)) == 1
