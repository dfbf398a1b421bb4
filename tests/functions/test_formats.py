"""Thumbs in the formats that ``Accept`` names: conditions, ranges, caching, fallbacks, races."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageFilter

from tests.conftest import Cloud
from tests.deployed import Answer, Deployed, deployed
from tests.functions.conftest import ADA, FILES, fill, make_token, replaced_meanwhile

BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
VARY = "Accept, Origin"
PUBLIC = "max-age=2592000, stale-while-revalidate=86400"
PHOTO = "pbc_photos/photo1/one.jpg"
KEY = "pbc_photos/photo1/thumbs_one.jpg/100x100_one.jpg"
PATH = "/api/files/photos/photo1/one.jpg?thumb=100x100"
SECRET = f"/api/files/papers/paper1/secret.png?thumb=100x100&token={make_token(ADA)}"
FORMATS = pytest.mark.parametrize(
    ("accept", "content_type", "ending"),
    [
        (BROWSER, "image/avif", ".avif"),
        ("image/avif", "image/avif", ".avif"),
        ("image/webp,*/*", "image/webp", ".webp"),
        ("image/avif;q=0,image/webp", "image/webp", ".webp"),
        ("*/*", "image/jpeg", ""),
        ("image/*", "image/jpeg", ""),
    ],
)


def photograph(format_: str = "JPEG", seed: int = 90) -> bytes:
    """Soft shapes with a little grain."""
    noise = Image.effect_noise((300, 300), seed).filter(ImageFilter.GaussianBlur(3))
    bands = [noise, noise.rotate(90), noise.rotate(180)]
    out = io.BytesIO()
    Image.merge("RGB", bands).save(out, format_)
    return out.getvalue()


@pytest.fixture
def photos(api: Deployed) -> Deployed:
    """The API with a photograph that is smaller as WebP and as AVIF."""
    api.put(PHOTO, photograph(), "image/jpeg")
    api.put("pbc_papers/paper1/secret.png", photograph("PNG"), "image/png")
    return api


def thumbs(api: Deployed) -> list[str]:
    return [key for key in api.stored() if "/thumbs_" in key]


def lasting(answer: Answer) -> dict[str, str]:
    """The headers, without the second in which a thumb was stored."""
    return {name: value for name, value in answer.headers.items() if name != "last-modified"}


def type_of(answer: Answer) -> str:
    """The media type that the bytes themselves have."""
    with Image.open(io.BytesIO(answer.body)) as image:
        assert image.size == (100, 100)
        return str(image.get_format_mimetype())


@FORMATS
def test_the_answer_is_the_format_that_is_named_and_stored_beside_the_plain_thumb(
    photos: Deployed, accept: str, content_type: str, ending: str
) -> None:
    first = photos.get(PATH, accept=accept)
    assert (first.status, first.headers["content-type"]) == (200, content_type)
    assert type_of(first) == content_type
    assert first.headers["content-disposition"] == "inline; filename=100x100_one.jpg"
    assert first.headers["vary"] == VARY
    assert first.headers["cache-control"] == PUBLIC
    assert thumbs(photos) == [KEY + ending]
    second = photos.get(PATH, accept=accept)
    assert (second.body, lasting(second)) == (first.body, lasting(first))
    assert [line["thumb"] for line in photos.lines()] == ["made", "stored"]


@FORMATS
def test_head_describes_the_format(
    photos: Deployed, accept: str, content_type: str, ending: str
) -> None:
    head = photos.ask("HEAD", PATH, {"accept": accept})
    answer = photos.get(PATH, accept=accept)
    assert lasting(head) == lasting(answer)
    assert head.body == b""
    assert head.headers["content-length"] == str(len(answer.body))
    assert head.headers["content-type"] == content_type


@FORMATS
def test_ranges_and_conditions_apply_to_the_format(
    photos: Deployed, accept: str, content_type: str, ending: str
) -> None:
    whole = photos.get(PATH, accept=accept)
    part = photos.get(PATH, accept=accept, range="bytes=4-11")
    assert (part.status, part.body) == (206, whole.body[4:12])
    assert part.headers["content-range"] == f"bytes 4-11/{len(whole.body)}"
    assert part.headers["vary"] == VARY
    tag = whole.headers["etag"]
    same = photos.get(PATH, accept=accept, if_none_match=tag)
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", tag)
    assert same.headers["vary"] == VARY
    assert photos.get(PATH, accept=accept, if_match='"other"').status == 412
    resumed = photos.get(PATH, accept=accept, range="bytes=4-", if_range=tag)
    assert (resumed.status, resumed.body) == (206, whole.body[4:])


def test_every_format_has_an_etag_of_its_own(photos: Deployed) -> None:
    answers = [photos.get(PATH, accept=accept) for accept in ("image/avif", "image/webp", "*/*")]
    tags = [answer.headers["etag"] for answer in answers]
    assert len(set(tags)) == 3
    other = photos.get(PATH, accept="image/webp", if_none_match=tags[0], range="bytes=0-3")
    assert other.status == 206  # the AVIF's tag says nothing of the WebP
    resumed = photos.get(PATH, accept="image/webp", if_range=tags[0], range="bytes=0-3")
    assert (resumed.status, resumed.body) == (200, answers[1].body)


@pytest.mark.parametrize("accept", [BROWSER, "image/webp", "*/*"])
def test_a_protected_thumb_is_private_in_every_format(photos: Deployed, accept: str) -> None:
    answer = photos.get(SECRET, accept=accept)
    assert answer.status == 200
    assert answer.headers["cache-control"].startswith("private")
    assert "Accept" in answer.headers["vary"]
    assert photos.get(SECRET.partition("&")[0], accept=accept).status == 404


def test_what_names_no_format_gets_the_same_as_ever(photos: Deployed) -> None:
    """curl, the SDKs and scripts send ``*/*`` or nothing."""
    without = photos.get(PATH)
    photos.get(PATH, accept=BROWSER)
    for accept in ("*/*", "application/json, text/plain, */*", "image/jpeg,image/png", ""):
        answer = photos.get(PATH, accept=accept)
        assert (answer.body, lasting(answer)) == (without.body, lasting(without))
    assert without.headers["content-type"] == "image/jpeg"


def test_an_original_is_never_converted(photos: Deployed) -> None:
    url = PATH.partition("?")[0]
    answer = photos.get(url, accept=BROWSER)
    assert (answer.body, answer.headers) == (photos.get(url).body, photos.get(url).headers)
    assert answer.headers["vary"] == "Origin"
    assert thumbs(photos) == []


@pytest.mark.parametrize("accept", [BROWSER, "image/webp", "*/*"])
@pytest.mark.parametrize("name", ["fake.jpg", "cut.png"])
def test_a_failed_thumb_is_the_original_in_every_format(
    api: Deployed, name: str, accept: str
) -> None:
    answer = api.get(f"/api/files/photos/photo1/{name}?thumb=4x4", accept=accept)
    assert (answer.status, answer.body) == (200, FILES[name][0])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == FILES[name][1]
    assert thumbs(api) == []


@pytest.mark.parametrize("name", ["one.png", "one.gif"])
def test_where_the_plain_thumb_is_smaller_its_bytes_are_stored_with_their_own_type(
    api: Deployed, name: str
) -> None:
    url = f"/api/files/photos/photo1/{name}?thumb=4x4"
    answer = api.get(url, accept=BROWSER)
    assert answer.headers["content-type"] == FILES[name][1]
    assert thumbs(api) == [f"pbc_photos/photo1/thumbs_{name}/4x4_{name}.avif"]
    assert lasting(api.get(url, accept=BROWSER)) == lasting(answer)
    assert api.get(url).body == answer.body
    outcomes = [line["thumb"] for line in api.lines()]
    assert outcomes == ["made", "stored", "made"]


@pytest.mark.parametrize(
    ("offered", "browser", "webp_only"),
    [
        ("avif,webp", "image/avif", "image/webp"),
        ("avif", "image/avif", "image/jpeg"),
        ("webp", "image/webp", "image/webp"),
        ("none", "image/jpeg", "image/jpeg"),
    ],
)
def test_only_formats_on_offer_are_made(
    cloud: Cloud, offered: str, browser: str, webp_only: str
) -> None:
    fill(cloud, {})
    with deployed(cloud, THUMB_FORMATS=offered) as api:
        api.put(PHOTO, photograph(), "image/jpeg")
        answers = [api.get(PATH, accept=accept) for accept in (BROWSER, "image/webp", "*/*")]
        types = [answer.headers["content-type"] for answer in answers]
        assert types == [browser, webp_only, "image/jpeg"]
        expected = "Origin" if offered == "none" else VARY
        assert {answer.headers["vary"] for answer in answers} == {expected}


def test_a_format_belongs_to_the_bytes_of_its_original_whatever_happens_meanwhile(
    photos: Deployed,
) -> None:
    new = photograph(seed=30)
    with replaced_meanwhile(photos.cloud, PHOTO, new, "image/jpeg") as replaced:
        raced = photos.get(PATH, accept=BROWSER)
    assert replaced.done
    assert thumbs(photos) == [KEY + ".avif"]
    photos.cloud.s3.delete_object(Bucket=photos.cloud.bucket, Key=KEY + ".avif")
    assert photos.get(PATH, accept=BROWSER).body == raced.body


def test_a_format_that_is_stored_meanwhile_is_not_overwritten(photos: Deployed) -> None:
    key = KEY + ".avif"
    photos.put(key, b"another process's AVIF", "image/avif")
    answer = photos.get(PATH, accept=BROWSER)
    assert (answer.body, answer.headers["content-type"]) == (
        b"another process's AVIF",
        "image/avif",
    )


def test_simultaneous_requests_for_several_formats_store_each_once(photos: Deployed) -> None:
    photos.get(PATH.partition("?")[0])  # the first invocation is alone, as on AWS
    accepts = [BROWSER, "image/webp", "*/*"] * 3
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda accept: photos.get(PATH, accept=accept), accepts))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 3
    assert thumbs(photos) == [KEY, KEY + ".avif", KEY + ".webp"]
