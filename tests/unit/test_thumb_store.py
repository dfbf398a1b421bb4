import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from pocketfiles.errors import NotFound, Overloaded, StorageUnavailable, ThumbFailed
from pocketfiles.objects import Stored
from pocketfiles.thumb_store import REMEMBER_SECONDS, REMEMBERED_FAILURES, Thumb, ThumbMaker
from pocketfiles.thumbs.size import THUMBABLE, ThumbSize
from tests.fakes import Clock, FakeBucket, etag_of

ORIGINAL = "c/r/a.png"
THUMB = "c/r/thumbs_a.png/5x5_a.png"
PICTURE = b"picture"
LIMIT = 10
MOST = 20


class Picture:
    """A rendered thumb."""

    def __init__(self, body: bytes = b"thumb") -> None:
        self.body = body
        self.content_type = "image/png"


class Studio:
    """A ThumbMaker over a fake bucket. ``draws`` counts the renderings."""

    def __init__(self, content: bytes = PICTURE, content_type: str = "image/png") -> None:
        self.bucket = FakeBucket({ORIGINAL: (content, content_type)})
        self.clock = Clock()
        self.draws = 0
        self.format_name = ""
        self.result: Picture | Exception = Picture()
        self.maker = ThumbMaker(
            self.bucket, self.draw, inline_limit=LIMIT, max_source_bytes=MOST, clock=self.clock
        )

    def draw(self, data: bytes, size: ThumbSize, format_name: str) -> Picture:
        self.draws += 1
        self.format_name = format_name
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def open(self, size: str = "5x5", *, attributes_only: bool = False) -> Thumb:
        self.bucket.calls.clear()
        return self.maker.open(ORIGINAL, size, attributes_only=attributes_only)


def test_a_new_thumb_is_stored_and_served_without_being_read_back() -> None:
    studio = Studio()
    thumb = studio.open()
    assert (thumb.outcome, thumb.reason, thumb.is_thumb) == ("made", "", True)
    assert studio.bucket.calls == [("fetch", THUMB), ("fetch", ORIGINAL), ("put", THUMB)]
    assert studio.bucket.objects[THUMB] == (b"thumb", "image/png")
    stored = thumb.opened.stored
    assert (stored.key, stored.size, stored.etag, stored.content_type) == (
        THUMB,
        5,
        etag_of(b"thumb"),
        "image/png",
    )
    assert thumb.opened.body == b"thumb"
    assert stored.modified == datetime.fromtimestamp(studio.clock.now, UTC)


def test_a_stored_thumb_is_one_get() -> None:
    studio = Studio()
    studio.open()
    thumb = studio.open()
    assert (thumb.outcome, thumb.opened.body, studio.draws) == ("stored", b"thumb", 1)
    assert studio.bucket.calls == [("fetch", THUMB)]


def test_attributes_of_a_stored_thumb_are_one_head() -> None:
    studio = Studio()
    studio.open()
    thumb = studio.open(attributes_only=True)
    assert (thumb.outcome, thumb.opened.body) == ("stored", None)
    assert studio.bucket.calls == [("head", THUMB)]


def test_asking_for_attributes_makes_the_thumb_too() -> None:
    studio = Studio()
    assert studio.open(attributes_only=True).outcome == "made"
    assert studio.bucket.calls == [("head", THUMB), ("fetch", ORIGINAL), ("put", THUMB)]


def test_a_stored_thumb_too_large_to_send_is_not_read() -> None:
    studio = Studio()
    studio.bucket.objects[THUMB] = (b"x" * (LIMIT + 1), "image/png")
    assert studio.open().opened.body is None


def test_a_missing_original_is_not_found() -> None:
    studio = Studio()
    studio.bucket.objects.clear()
    with pytest.raises(NotFound):
        studio.open()


@pytest.mark.parametrize("content_type", sorted(THUMBABLE))
def test_images_get_thumbs(content_type: str) -> None:
    assert Studio(content_type=content_type).open().outcome == "made"


@pytest.mark.parametrize(
    "content_type",
    ["image/svg+xml", "image/bmp", "image/png; charset=x", "IMAGE/PNG", "text/plain", ""],
)
def test_other_files_are_served_unchanged(content_type: str) -> None:
    studio = Studio(content_type=content_type)
    thumb = studio.open()
    assert (thumb.outcome, thumb.opened.body, thumb.is_thumb) == ("original", PICTURE, False)
    assert (studio.draws, [call[0] for call in studio.bucket.calls]) == (0, ["fetch", "fetch"])


def test_a_large_file_that_is_not_an_image_is_not_read() -> None:
    assert Studio(b"x" * (LIMIT + 1), "text/plain").open().opened.body is None


@pytest.mark.parametrize(
    ("size", "reason"), [("5x5", "unreadable"), ("0x0", "bad-size"), ("x", "bad-size")]
)
def test_a_thumb_that_cannot_be_made_is_replaced_by_the_original(size: str, reason: str) -> None:
    studio = Studio()
    studio.result = ThumbFailed("unreadable")
    thumb = studio.open(size)
    assert (thumb.outcome, thumb.reason, thumb.opened.body, thumb.is_thumb) == (
        "failed",
        reason,
        PICTURE,
        False,
    )
    assert list(studio.bucket.objects) == [ORIGINAL]


def test_a_crash_of_the_renderer_costs_only_the_thumb() -> None:
    studio = Studio()
    studio.result = MemoryError()
    assert [studio.open().reason for _ in range(2)] == ["crashed: MemoryError"] * 2
    assert studio.open().opened.body == PICTURE
    assert studio.draws == 1


def test_an_original_above_the_limit_is_neither_read_nor_rendered() -> None:
    studio = Studio(b"x" * (MOST + 1))
    thumb = studio.open()
    assert (thumb.outcome, thumb.reason) == ("failed", "too-many-bytes")
    assert (thumb.opened.body, studio.draws) == (None, 0)
    assert Studio(b"x" * MOST).open().outcome == "made"


def test_a_failed_thumb_is_not_rendered_again_for_a_while() -> None:
    studio = Studio()
    studio.result = ThumbFailed("unreadable")
    assert [studio.open().reason for _ in range(3)] == ["unreadable"] * 3
    assert studio.draws == 1
    studio.open("6x6")
    assert studio.draws == 2
    studio.clock.now += REMEMBER_SECONDS
    studio.open()
    assert studio.draws == 3


def test_a_replaced_original_is_rendered_at_once() -> None:
    studio = Studio()
    studio.result = ThumbFailed("unreadable")
    studio.open()
    studio.bucket.objects[ORIGINAL] = (b"repaired", "image/png")
    studio.result = Picture()
    assert studio.open().outcome == "made"


def test_the_number_of_remembered_failures_is_limited() -> None:
    studio = Studio()
    studio.result = ThumbFailed("unreadable")
    for number in range(REMEMBERED_FAILURES + 1):
        studio.open(f"{number + 1}x1")
    drawn = studio.draws
    studio.open("1x1")  # the oldest, forgotten
    studio.open(f"{REMEMBERED_FAILURES + 1}x1")
    assert studio.draws == drawn + 1


@pytest.mark.parametrize(
    "failure", [StorageUnavailable("S3: AccessDenied"), Overloaded("S3: SlowDown")]
)
def test_a_thumb_that_cannot_be_stored_is_still_served(failure: StorageUnavailable) -> None:
    studio = Studio()
    studio.bucket.put_fails = failure
    thumb = studio.open()
    assert (thumb.outcome, thumb.reason) == ("made", f"not-stored: {failure.reason}")
    assert (thumb.opened.body, thumb.opened.stored.etag) == (b"thumb", "")


def test_a_thumb_that_can_neither_be_stored_nor_sent_has_failed() -> None:
    studio = Studio()
    studio.bucket.put_fails = Overloaded("S3: SlowDown")
    studio.result = Picture(b"x" * (LIMIT + 1))
    thumb = studio.open()
    assert (thumb.outcome, thumb.opened.stored.key) == ("failed", ORIGINAL)


class Waiting(FakeBucket):
    """A bucket that holds back GETs of the original until every request has missed the thumb."""

    arrived: threading.Semaphore
    go: threading.Event

    def fetch(self, key: str, wanted: Callable[[Stored], bool]):  # type: ignore[no-untyped-def]
        if key == THUMB:
            self.arrived.release()
        else:
            assert self.go.wait(10)
        return super().fetch(key, wanted)


def crowd(studio: Studio, number: int) -> list[Thumb | Exception]:
    """Send that many requests for one thumb at once."""
    bucket = Waiting(studio.bucket.objects, put_fails=studio.bucket.put_fails)
    bucket.arrived, bucket.go = threading.Semaphore(0), threading.Event()
    maker = ThumbMaker(
        bucket, studio.draw, inline_limit=LIMIT, max_source_bytes=MOST, clock=studio.clock
    )
    with ThreadPoolExecutor(number) as pool:
        futures = [pool.submit(maker.open, ORIGINAL, "5x5") for _ in range(number)]
        for _ in range(number):
            assert bucket.arrived.acquire(timeout=10)
        threading.Event().wait(0.3)  # let the last of them join the flight
        bucket.go.set()
        found = [future.exception() or future.result() for future in futures]
    studio.bucket.calls = bucket.calls
    return found  # type: ignore[return-value]


def test_simultaneous_requests_share_one_rendering() -> None:
    studio = Studio()
    thumbs = crowd(studio, 8)
    assert all(
        isinstance(t, Thumb) and t.outcome == "made" and t.opened.body == b"thumb" for t in thumbs
    )
    assert studio.draws == 1
    assert [call[0] for call in studio.bucket.calls] == ["fetch"] * 9 + ["put"]


def test_simultaneous_requests_share_a_failure_to_store() -> None:
    studio = Studio()
    studio.bucket.put_fails = Overloaded("S3: SlowDown")
    crowd(studio, 3)
    assert studio.draws == 1
    studio.bucket.put_fails = None
    assert studio.open().outcome == "made"
    assert studio.draws == 2


class Broken(FakeBucket):
    """A bucket without the thumb that fails to return the original."""

    def fetch(self, key: str, wanted: Callable[[Stored], bool]):  # type: ignore[no-untyped-def]
        if key == ORIGINAL:
            raise Overloaded("S3: SlowDown")
        return super().fetch(key, wanted)


def test_an_error_of_the_bucket_is_not_a_failed_thumb() -> None:
    studio = Studio()
    maker = ThumbMaker(
        Broken(), studio.draw, inline_limit=LIMIT, max_source_bytes=MOST, clock=studio.clock
    )
    for _ in range(2):
        with pytest.raises(Overloaded):
            maker.open(ORIGINAL, "5x5")


def test_a_thumb_in_another_format_lies_beside_the_plain_one() -> None:
    studio = Studio()
    studio.open()
    studio.bucket.calls.clear()
    studio.maker.open(ORIGINAL, "5x5", "avif")
    assert studio.format_name == "avif"
    assert studio.bucket.calls[-1] == ("put", THUMB + ".avif")
    assert studio.maker.open(ORIGINAL, "5x5", "avif").outcome == "stored"
    assert studio.draws == 2
