import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from pocketfiles.deadline import RESPONSE_SECONDS, deadline_in
from pocketfiles.errors import (
    DeadlineExceeded,
    NotFound,
    Overloaded,
    Refusal,
    StorageUnavailable,
    ThumbFailed,
)
from pocketfiles.objects import Stored
from pocketfiles.thumb_store import REMEMBER_SECONDS, REMEMBERED_FAILURES, Thumb, ThumbMaker
from pocketfiles.thumbs.size import THUMBABLE, ThumbSize
from tests.clock import Clock
from tests.fakes import FakeBucket, etag_of

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
    assert studio.bucket.calls == [
        ("fetch", THUMB),
        ("fetch", ORIGINAL),
        ("put", THUMB),
        ("head", ORIGINAL),
    ]
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
    assert studio.bucket.calls == [
        ("head", THUMB),
        ("fetch", ORIGINAL),
        ("put", THUMB),
        ("head", ORIGINAL),
    ]


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
def test_a_thumb_that_cannot_be_stored_is_still_served(failure: Refusal) -> None:
    studio = Studio()
    studio.bucket.put_fails = failure
    thumb = studio.open()
    assert (thumb.outcome, thumb.reason) == ("made", f"not-stored: {failure.reason}")
    assert thumb.operator_must_act is failure.operator_must_act
    assert (thumb.opened.body, thumb.opened.stored.etag) == (b"thumb", "")


def test_a_thumb_that_can_neither_be_stored_nor_sent_has_failed() -> None:
    studio = Studio()
    studio.bucket.put_fails = Overloaded("S3: SlowDown")
    studio.result = Picture(b"x" * (LIMIT + 1))
    thumb = studio.open()
    assert (thumb.outcome, thumb.opened.stored.key) == ("failed", ORIGINAL)


class Restless(FakeBucket):
    """A bucket whose original is replaced ``changes`` times, each time a thumb is stored.

    ``None`` in ``versions`` deletes it.
    """

    versions: list[bytes | None]

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        etag = super().put_new(key, body, content_type)
        if self.versions:
            version = self.versions.pop(0)
            if version is None:
                del self.objects[ORIGINAL]
            else:
                self.objects[ORIGINAL] = (version, "image/png")
        return etag


def restless(*versions: bytes | None) -> tuple[ThumbMaker, Restless]:
    """A maker of thumbs that show their original's bytes, over such a bucket."""
    bucket = Restless({ORIGINAL: (b"first", "image/png")})
    bucket.versions = list(versions)
    maker = ThumbMaker(
        bucket,
        lambda data, *_: Picture(b"<" + data + b">"),
        inline_limit=LIMIT,
        max_source_bytes=MOST,
        clock=Clock(),
    )
    return maker, bucket


def test_a_thumb_is_made_again_if_its_original_was_replaced_meanwhile() -> None:
    maker, bucket = restless(b"second")
    assert maker.open(ORIGINAL, "5x5").opened.body == b"<second>"
    assert bucket.objects[THUMB] == (b"<second>", "image/png")
    once = [("fetch", ORIGINAL), ("put", THUMB), ("head", ORIGINAL)]
    assert bucket.calls == [("fetch", THUMB), *once, ("delete", THUMB), *once]


def test_an_original_that_keeps_changing_is_busy_and_leaves_no_thumb() -> None:
    maker, bucket = restless(b"second", b"third", b"fourth")
    with pytest.raises(Overloaded):
        maker.open(ORIGINAL, "5x5")
    assert THUMB not in bucket.objects


def test_a_thumb_does_not_survive_an_original_that_was_deleted_meanwhile() -> None:
    maker, bucket = restless(None)
    with pytest.raises(NotFound):
        maker.open(ORIGINAL, "5x5")
    assert bucket.objects == {}


@pytest.mark.parametrize("can_delete", [True, False])
def test_a_thumb_whose_original_cannot_be_checked_is_served_and_taken_back(
    can_delete: bool,
) -> None:
    class Unsure(FakeBucket):
        def head(self, key: str) -> Stored | None:
            raise StorageUnavailable("S3: AccessDenied")

        def delete(self, key: str) -> None:
            if not can_delete:
                raise Overloaded("S3: SlowDown")
            super().delete(key)

    bucket = Unsure({ORIGINAL: (PICTURE, "image/png")})
    studio = Studio()
    maker = ThumbMaker(
        bucket, studio.draw, inline_limit=LIMIT, max_source_bytes=MOST, clock=studio.clock
    )
    thumb = maker.open(ORIGINAL, "5x5")
    assert (thumb.outcome, thumb.opened.body) == ("made", b"thumb")
    assert (thumb.reason, thumb.operator_must_act) == ("not-kept: S3: AccessDenied", True)
    assert (THUMB in bucket.objects) is not can_delete


class Counting(FakeBucket):
    """A bucket that counts the bytes of originals it is asked to send."""

    read_bytes = 0

    def fetch(self, key: str, wanted: Callable[[Stored], bool]):  # type: ignore[no-untyped-def]
        opened = super().fetch(key, wanted)
        self.read_bytes += len(opened.body or b"") if opened else 0
        return opened


@pytest.mark.parametrize(
    ("size", "attributes_only", "content", "first", "later"),
    [
        ("5x5", False, b"x" * MOST, MOST, 0),
        ("5x5", False, b"x" * LIMIT, LIMIT, LIMIT),
        ("5x5", True, b"x" * LIMIT, LIMIT, 0),
        ("bad", False, b"x" * MOST, 0, 0),
        ("5x5", False, b"x" * (MOST + 1), 0, 0),
    ],
    ids=["too large to send", "sent inline", "a HEAD", "no size at all", "too large to draw"],
)
def test_a_known_failure_reads_no_byte_that_is_not_sent(
    size: str, attributes_only: bool, content: bytes, first: int, later: int
) -> None:
    bucket = Counting({ORIGINAL: (content, "image/png")})
    studio = Studio()
    studio.result = ThumbFailed("corrupt")
    maker = ThumbMaker(
        bucket, studio.draw, inline_limit=LIMIT, max_source_bytes=MOST, clock=studio.clock
    )
    for expected in (first, later, later):
        bucket.read_bytes = 0
        assert maker.open(ORIGINAL, size, attributes_only=attributes_only).outcome == "failed"
        assert bucket.read_bytes == expected


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
    assert [call[0] for call in studio.bucket.calls] == ["fetch"] * 9 + ["put", "head"]


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


class Gated(FakeBucket):
    """A bucket that returns the original once ``go`` is set, to the first request with an error."""

    def __init__(self, first_error: Exception | None) -> None:
        super().__init__({ORIGINAL: (PICTURE, "image/png")})
        self.first_error = first_error
        self.begun = threading.Event()
        self.go = threading.Event()

    def fetch(self, key: str, wanted: Callable[[Stored], bool]):  # type: ignore[no-untyped-def]
        if key == ORIGINAL:
            self.begun.set()
            assert self.go.wait(10)
            error, self.first_error = self.first_error, None
            if error:
                raise error
        return super().fetch(key, wanted)


def gated(error: Exception | None = None) -> tuple[ThumbMaker, Gated, Studio]:
    """A maker over such a bucket."""
    bucket = Gated(error)
    studio = Studio()
    maker = ThumbMaker(
        bucket, studio.draw, inline_limit=LIMIT, max_source_bytes=MOST, clock=studio.clock
    )
    return maker, bucket, studio


def test_a_request_waits_for_anothers_thumb_no_longer_than_its_own_deadline() -> None:
    maker, bucket, studio = gated()
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(maker.open, ORIGINAL, "5x5")
        assert bucket.begun.wait(10)
        with deadline_in(RESPONSE_SECONDS), pytest.raises(DeadlineExceeded):
            maker.open(ORIGINAL, "5x5")
        bucket.go.set()
        assert leader.result(10).outcome == "made"
    assert studio.draws == 1


@pytest.mark.parametrize(
    ("error", "shared"),
    [(DeadlineExceeded("S3: OutOfTime"), False), (Overloaded("S3: SlowDown"), True)],
)
def test_a_request_does_not_inherit_anothers_deadline(error: Exception, shared: bool) -> None:
    maker, bucket, studio = gated(error)
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(maker.open, ORIGINAL, "5x5")
        assert bucket.begun.wait(10)
        follower = pool.submit(maker.open, ORIGINAL, "5x5")
        while sum(call == ("fetch", THUMB) for call in bucket.calls) < 2:
            threading.Event().wait(0.01)
        threading.Event().wait(0.2)  # let the second request join the first
        bucket.go.set()
        assert leader.exception(10) is error
        if shared:
            assert follower.exception(10) is error
        else:
            assert follower.result(10).outcome == "made"
    assert studio.draws == (0 if shared else 1)


def test_a_thumb_in_another_format_lies_beside_the_plain_one() -> None:
    studio = Studio()
    studio.open()
    studio.bucket.calls.clear()
    studio.maker.open(ORIGINAL, "5x5", "avif")
    assert studio.format_name == "avif"
    assert ("put", THUMB + ".avif") in studio.bucket.calls
    assert studio.maker.open(ORIGINAL, "5x5", "avif").outcome == "stored"
    assert studio.draws == 2
