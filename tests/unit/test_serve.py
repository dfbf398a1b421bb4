from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest

from pocketfiles.access import Access
from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.catalogue.model import Collection, Field, Record, Settings, Source, TokenOptions
from pocketfiles.deliver import Deliverer, Limits
from pocketfiles.errors import Denied, Forbidden, NotFound, Refusal, ThumbFailed, UnknownCollection
from pocketfiles.http.messages import Reply
from pocketfiles.log_fields import LogFields
from pocketfiles.serve import FileService
from pocketfiles.thumb_store import ThumbMaker
from pocketfiles.thumbs.size import ThumbSize
from tests.clock import Clock
from tests.fakes import POINTER, FakeBucket, FakeTable, etag_of, request

NOW = 1_800_000_000.5
OPTIONS = {"auth_token": TokenOptions("a" * 40, 60), "file_token": TokenOptions("f" * 40, 180)}
PHOTOS = Collection(
    "pbc_photos",
    "photos",
    "base",
    (
        Field("f1", "title", "text"),
        Field("f2", "image", "file", max_select=1, thumbs=("50x50", "bad")),
        Field("f3", "hidden", "file", hidden=True, max_select=9),
    ),
)
SECRET = Field("f4", "paper", "file", max_select=9, protected=True, thumbs=("50x50",))
OPEN = Collection(
    "pbc_open", "open", "base", (SECRET, Field("f5", "cover", "file", max_select=1)), ""
)
LOCKED = replace(OPEN, id="pbc_locked", name="locked", view_rule=None)
VIEW = Collection("pbc_view", "view", "view", (Field("f6", "file", "file", max_select=9),))
USERS = Collection("pbc_users", "users", "auth", **OPTIONS)  # type: ignore[arg-type]
ROOTS = Collection("pbc_roots", "_superusers", "auth", **OPTIONS)  # type: ignore[arg-type]
COLLECTIONS = (PHOTOS, OPEN, LOCKED, VIEW, USERS, ROOTS)

ADA = Record("pbc_users", "ada", {"tokenKey": "k" * 40})
ROOT = Record("pbc_roots", "root", {"tokenKey": "r" * 40})
RECORDS = (
    Record("pbc_photos", "p1", {"image": "a.png", "hidden": '["n.txt","a.png"]', "title": "t.txt"}),
    Record("pbc_open", "o1", {"paper": '["s.txt","s.png"]', "cover": "c.txt"}),
    Record("pbc_locked", "l1", {"paper": '["s.txt"]', "cover": "c.txt"}),
    Record("pbc_view", "v1", {"file": '["n.txt","a.png"]'}, {"n.txt": Source("pbc_photos", "p1")}),
    ADA,
    ROOT,
)
OBJECTS = {
    "pbc_photos/p1/a.png": (b"a picture", "image/png"),
    "pbc_photos/p1/n.txt": (b"a note", "text/plain"),
    "pbc_photos/p1/t.txt": (b"no file of the record", "text/plain"),
    "pbc_open/o1/s.txt": (b"open secret", "text/plain"),
    "pbc_open/o1/s.png": (b"open picture", "image/png"),
    "pbc_open/o1/c.txt": (b"cover", "text/plain"),
    "pbc_locked/l1/s.txt": (b"secret", "text/plain"),
    "pbc_locked/l1/c.txt": (b"cover", "text/plain"),
}
FILE = "/api/files/photos/p1/n.txt"
PICTURE = "/api/files/photos/p1/a.png"
PUBLIC = "max-age=2592000, stale-while-revalidate=86400"


class Thumb:
    body = b"a thumb"
    content_type = "image/png"


class World:
    """A service over fakes, and the calls it made."""

    def __init__(
        self, settings: Settings | None = None, limit: int = 64, max_sync_age: float = 0
    ) -> None:
        self.bucket = FakeBucket(dict(OBJECTS))
        self.table = FakeTable(COLLECTIONS, RECORDS, settings or Settings())
        self.clock = Clock()
        self.rendered: list[tuple[bytes, ThumbSize]] = []
        catalogue = Catalogue(self.table, 5, self.clock)
        self.service = FileService(
            catalogue=catalogue,
            store=self.bucket,
            access=Access(10),
            thumbs=ThumbMaker(
                self.bucket, self.render, inline_limit=limit, max_source_bytes=99, clock=self.clock
            ),
            deliverer=Deliverer(self.bucket, Limits(limit, redirect_seconds=9), lambda: "b"),
            inline_limit=limit,
            max_sync_age=max_sync_age,
            thumb_formats=("avif", "webp"),
        )

    def render(self, data: bytes, size: ThumbSize, format_name: str) -> Thumb:
        if b"broken" in data:
            raise ThumbFailed("unreadable")
        self.rendered.append((data, size))
        return Thumb()

    def get(self, path: str, query: str = "", *, method: str = "GET", **headers: str) -> Reply:
        return self.service.answer(request(method, path, query, **headers), NOW)

    def refused(self, path: str, query: str = "", **kwargs: Any) -> type[Refusal]:
        with pytest.raises(Refusal) as caught:
            self.get(path, query, **kwargs)
        return type(caught.value)

    def asked(self) -> list[tuple[str, ...]]:
        """The calls of the last request, including those for collections."""
        calls = [*self.table.calls, *self.bucket.calls]
        self.table.calls.clear()
        self.bucket.calls.clear()
        return calls


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.get(FILE)
    made.asked()
    yield made


def token(record: Record, **claims: Any) -> str:
    key = record.token_key + "f" * 40
    named = {"collectionId": record.collection_id, "id": record.id, "type": "file", "exp": NOW + 60}
    return "token=" + jwt.encode(named | claims, key)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (FILE, b"a note"),
        (PICTURE, b"a picture"),
        ("/api/files/pbc_photos/p1/n.txt", b"a note"),
        ("/api/files/PHOTOS/p1/n.txt", b"a note"),
        ("/api/files/view/v1/n.txt", b"a note"),
        ("/api/files/locked/l1/c.txt", b"cover"),
        ("/api/files/open/o1/s.txt", b"open secret"),
    ],
)
def test_a_file_is_found_by_collection_record_and_name(
    world: World, path: str, body: bytes
) -> None:
    assert world.get(path).body == body


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/api/files",
        "/api/files/",
        "/api/files/photos/p1",
        "/api/files/photos/p1/",
        "/api/files/photos//n.txt",
        "/api/files//p1/n.txt",
        "/api/files/photos/p1/n.txt/",
        "/api/files/photos/p1/n.txt/x",
        "/api/files/photos/./p1/n.txt",
        "/API/files/photos/p1/n.txt",
        "/api/files/token",
        "x/api/files/photos/p1/n.txt",
        "/api/files/photos/P1/n.txt",
        "/api/files/photos/p2/n.txt",
        "/api/files/photos/p1/N.txt",
        "/api/files/photos/p1/t.txt",
        "/api/files/photos/p1/other.txt",
        "/api/files/photos/p1/thumbs_a.png",
        "/api/files/view/v1/a.png",
        "/api/files/view/p1/n.txt",
        "/api/files/locked/l1/s.txt",
    ],
)
def test_any_other_path_is_the_same_404(world: World, path: str) -> None:
    refused = world.refused(path)
    assert refused in {NotFound, Denied}
    assert refused("").body() == NotFound("").body()


def test_an_unknown_collection_has_a_message_of_its_own(world: World) -> None:
    assert world.refused("/api/files/nope/p1/n.txt") is UnknownCollection


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "FOO", "get"])
def test_other_methods_are_not_found(world: World, method: str) -> None:
    assert world.refused(FILE, method=method) is NotFound


@pytest.mark.parametrize("path", [FILE, "/nowhere", "/api/files/token"])
def test_options_is_a_preflight_on_any_path_without_a_read(world: World, path: str) -> None:
    assert world.get(path, method="OPTIONS", origin="https://app.test").status == 204
    assert world.asked() == []


def test_a_record_id_longer_than_any_costs_no_read(world: World) -> None:
    assert world.refused("/api/files/photos/" + "x" * 1025 + "/n.txt") is NotFound
    assert world.asked() == []


def test_a_missing_object_is_not_found(world: World) -> None:
    del world.bucket.objects["pbc_photos/p1/n.txt"]
    for headers in ({}, {"range": "bytes=0-1"}):
        assert world.refused(FILE, **headers) is NotFound
    del world.bucket.objects["pbc_photos/p1/a.png"]
    assert world.refused(PICTURE, "thumb=50x50") is NotFound


# -------------------------------------------------------------------- what a request costs

RECORD = ("get", "pbc_photos", "p1")
ORIGINAL = "pbc_photos/p1/a.png"
THUMB = "pbc_photos/p1/thumbs_a.png/50x50_a.png"


def test_a_plain_file_is_one_read_and_one_get(world: World) -> None:
    world.get(PICTURE)
    assert world.asked() == [RECORD, ("fetch", ORIGINAL)]


def test_a_new_thumb_is_one_read_two_gets_a_put_and_a_head(world: World) -> None:
    assert world.get(PICTURE, "thumb=50x50").body == b"a thumb"
    assert world.asked() == [
        RECORD,
        ("fetch", THUMB),
        ("fetch", ORIGINAL),
        ("put", THUMB),
        ("head", ORIGINAL),
    ]
    assert world.rendered == [(b"a picture", ThumbSize(50, 50))]


def test_a_stored_thumb_is_one_read_and_one_get(world: World) -> None:
    world.get(PICTURE, "thumb=50x50")
    world.asked()
    assert world.get(PICTURE, "thumb=50x50").body == b"a thumb"
    assert world.asked() == [RECORD, ("fetch", THUMB)]
    assert len(world.rendered) == 1


@pytest.mark.parametrize("query", ["", "thumb=50x50"])
def test_head_and_a_304_are_one_head(world: World, query: str) -> None:
    world.get(PICTURE, query)
    world.asked()
    key = THUMB if query else ORIGINAL
    assert world.get(PICTURE, query, method="HEAD").status == 200
    assert world.asked() == [RECORD, ("head", key)]
    assert world.get(PICTURE, query, if_none_match="*").status == 304
    assert world.asked() == [RECORD, ("head", key)]


def test_a_range_is_one_head_and_one_get(world: World) -> None:
    assert world.get(PICTURE, range="bytes=0-1").body == b"a "
    assert world.asked() == [RECORD, ("head", ORIGINAL), ("read", ORIGINAL, 0, 1)]


def test_a_redirect_reads_no_bytes() -> None:
    world = World(limit=3)
    world.get(PICTURE)
    world.asked()
    assert world.get(PICTURE).status == 302
    assert [call[0] for call in world.asked()] == ["get", "fetch", "presign"]


def test_the_pointer_is_read_again_when_its_time_is_over(world: World) -> None:
    world.clock.now += 5
    world.get(FILE)
    assert world.asked()[0] == ("pointer",)


def test_a_protected_file_costs_a_read_of_the_pointer_and_one_of_the_tokens_owner(
    world: World,
) -> None:
    world.get("/api/files/locked/l1/s.txt", token(ROOT))
    assert world.asked() == [
        ("get", "pbc_locked", "l1"),
        ("pointer",),
        ("get", "pbc_roots", "root"),
        ("fetch", "pbc_locked/l1/s.txt"),
    ]


def test_a_token_for_a_public_file_costs_nothing_and_changes_nothing(world: World) -> None:
    reply = world.get(PICTURE, token(ROOT))
    assert world.asked() == [RECORD, ("fetch", ORIGINAL)]
    assert reply.headers["cache-control"] == PUBLIC


# -------------------------------------------------------------------- thumbs


@pytest.mark.parametrize("query", ["thumb=50x50", "thumb=100x100", "thumb=50x50&thumb=1x1"])
def test_listed_sizes_and_100x100_are_served_under_the_thumbs_name(
    world: World, query: str
) -> None:
    reply = world.get(PICTURE, query)
    size = query[6:].partition("&")[0]
    assert reply.headers["content-disposition"] == f"inline; filename={size}_a.png"
    assert reply.headers["etag"] == etag_of(b"a thumb")
    assert reply.headers["cache-control"] == PUBLIC
    assert reply.log_fields == LogFields(collection="photos", thumb="made")


@pytest.mark.parametrize(
    "size", ["", "77x77", "0x0", "100X100", "100x100t", " 50x50", "../a", "50x50_"]
)
def test_other_sizes_get_the_original(world: World, size: str) -> None:
    reply = world.get(PICTURE, f"thumb={size}")
    assert reply.body == b"a picture"
    assert reply.log_fields == LogFields(collection="photos")
    assert world.asked() == [RECORD, ("fetch", ORIGINAL)]


def test_a_file_that_is_not_an_image_has_no_thumbs(world: World) -> None:
    reply = world.get(FILE, "thumb=100x100")
    assert (reply.status, reply.body) == (200, b"a note")
    assert reply.headers["content-disposition"] == "attachment; filename=n.txt"
    assert reply.headers["cache-control"] == PUBLIC
    assert reply.log_fields.thumb == "original"


@pytest.mark.parametrize(("size", "reason"), [("50x50", "unreadable"), ("bad", "bad-size")])
def test_a_failed_thumb_is_replaced_by_the_original_and_not_cached(
    world: World, size: str, reason: str
) -> None:
    if size == "50x50":
        world.bucket.objects[ORIGINAL] = (b"broken", "image/png")
    reply = world.get(PICTURE, f"thumb={size}")
    assert (reply.status, reply.body) == (200, world.bucket.objects[ORIGINAL][0])
    assert reply.headers["content-disposition"] == "inline; filename=a.png"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.log_fields == LogFields("photos", "failed", reason)


def test_the_first_field_with_the_name_decides_which_thumbs_exist(world: World) -> None:
    # "a.png" stands in `image`, which lists 50x50, and in `hidden`, which lists nothing
    assert world.get(PICTURE, "thumb=50x50").body == b"a thumb"


# -------------------------------------------------------------------- protection


@pytest.mark.parametrize(
    ("path", "query", "status", "cache"),
    [
        ("/api/files/open/o1/s.txt", "", 200, "private, no-cache"),
        ("/api/files/open/o1/s.txt", "token=x", 200, "private, no-cache"),
        ("/api/files/open/o1/s.txt", token(ADA), 200, "private, max-age=59"),
        ("/api/files/open/o1/s.txt", token(ADA, exp=NOW - 1), 200, "private, no-cache"),
        ("/api/files/open/o1/s.txt", token(ADA, exp=0), 200, "private, no-cache"),
        ("/api/files/open/o1/s.txt", token(ADA, exp=NOW + 1e9), 200, "private, max-age=2592000"),
        ("/api/files/open/o1/c.txt", "", 200, PUBLIC),
        ("/api/files/locked/l1/s.txt", token(ROOT), 200, "private, max-age=59"),
        ("/api/files/locked/l1/s.txt", token(ADA), 404, ""),
        ("/api/files/locked/l1/s.txt", token(ROOT, exp=NOW - 1), 404, ""),
        ("/api/files/locked/l1/c.txt", "", 200, PUBLIC),
    ],
)
def test_a_protected_file_is_private_and_cached_until_its_token_expires(
    world: World, path: str, query: str, status: int, cache: str
) -> None:
    if status == 404:
        assert world.refused(path, query) is Denied
    else:
        assert world.get(path, query).headers["cache-control"] == cache


@pytest.mark.parametrize(
    ("heartbeat", "served"), [(NOW - 600, True), (NOW - 601, False), (None, False)]
)
def test_protected_files_alone_are_denied_when_no_sync_has_lived_for_too_long(
    heartbeat: float | None, served: bool
) -> None:
    world = World(max_sync_age=600)
    world.table.current = replace(POINTER, heartbeat=heartbeat)
    if served:
        assert world.get("/api/files/open/o1/s.txt").status == 200
    else:
        with pytest.raises(Denied) as caught:
            world.get("/api/files/open/o1/s.txt", token(ROOT))
        assert caught.value.operator_must_act
    assert world.get(FILE).status == 200


@pytest.mark.parametrize("path", [FILE, "/api/files/open/o1/s.txt"])
@pytest.mark.parametrize(("heartbeat", "age"), [(NOW - 90, 90.0), (NOW + 5, 0.0), (None, None)])
def test_the_age_of_the_heartbeat_is_measured_with_each_file(
    path: str, heartbeat: float | None, age: float | None
) -> None:
    world = World()
    world.table.current = replace(POINTER, heartbeat=heartbeat)
    assert world.get(path).log_fields.sync_age == age


@pytest.mark.parametrize(("since", "delay"), [(NOW - 5000, 5000.0), (NOW + 40, 0.0), (None, 0.0)])
def test_pending_invalidations_are_measured_with_each_file(
    since: float | None, delay: float
) -> None:
    world = World()
    world.table.current = replace(POINTER, pending=3, pending_since=since)
    log_fields = world.get(FILE).log_fields
    assert (log_fields.invalidations_pending, log_fields.invalidation_delay) == (3, delay)


def test_where_there_is_no_cdn_no_invalidation_is_measured(world: World) -> None:
    log_fields = world.get(FILE).log_fields
    assert (log_fields.invalidations_pending, log_fields.invalidation_delay) == (None, None)


def test_what_the_edge_asks_for_by_name_is_kept_there_for_a_minute(world: World) -> None:
    by_id = FILE.replace("photos", "pbc_photos")
    assert world.get(FILE).headers["cache-control"] == PUBLIC
    world.service = replace(world.service, cdn_direct=True)
    assert world.get(FILE).headers["cache-control"] == "max-age=2592000, s-maxage=60"
    assert world.get(by_id).headers["cache-control"] == PUBLIC


def test_a_file_that_has_just_become_public_is_kept_by_name_for_a_minute(world: World) -> None:
    path = "/api/files/open/o1/s.txt"
    assert world.get(path, token(ADA)).headers["cache-control"] == "private, max-age=59"
    world.service = replace(world.service, cdn_direct=True)
    public = replace(OPEN, fields=tuple(replace(each, protected=False) for each in OPEN.fields))
    world.table.collections = (public,)
    world.table.current = replace(POINTER, catalogue=POINTER.catalogue + 1)
    world.clock.now += 1
    assert world.get(path).headers["cache-control"] == "max-age=2592000, s-maxage=60"


def test_a_thumb_is_as_protected_as_its_original(world: World) -> None:
    reply = world.get("/api/files/open/o1/s.png", f"thumb=50x50&{token(ADA)}")
    assert (reply.body, reply.headers["cache-control"]) == (b"a thumb", "private, max-age=59")


def test_a_denied_file_costs_no_read_of_the_bucket(world: World) -> None:
    world.refused("/api/files/locked/l1/s.txt", "thumb=50x50")
    assert world.asked() == [("get", "pbc_locked", "l1"), ("pointer",)]


def test_a_superuser_from_another_address_is_refused_by_header_and_a_guest_by_token() -> None:
    world = World(Settings(superuser_ips=("198.51.100.1",)))
    key = ROOT.token_key + "a" * 40
    auth = jwt.encode({"collectionId": "pbc_roots", "id": "root", "type": "auth"}, key)
    assert world.refused(FILE, authorization=auth) is Forbidden
    assert world.refused("/api/files/locked/l1/s.txt", token(ROOT)) is Denied
    assert (
        world.get("/api/files/open/o1/s.txt", token(ROOT)).headers["cache-control"]
        == "private, no-cache"
    )
    assert world.get(FILE, authorization=auth, address="198.51.100.1").status == 200
    assert (
        world.get("/api/files/locked/l1/s.txt", token(ROOT), address="198.51.100.1").status == 200
    )


def test_a_record_with_a_path_for_a_file_name_reaches_no_object(world: World) -> None:
    world.table.records = [Record("pbc_photos", "p1", {"image": ".."})]
    assert world.refused("/api/files/photos/p1/..") is NotFound


@pytest.mark.parametrize(
    ("accept", "ending"),
    [("image/avif,image/webp,*/*", ".avif"), ("image/webp", ".webp"), ("*/*", "")],
)
def test_accept_chooses_the_thumbs_format(accept: str, ending: str) -> None:
    world = World()
    reply = world.get(PICTURE, "thumb=50x50", accept=accept)
    assert ("put", f"pbc_photos/p1/thumbs_a.png/50x50_a.png{ending}") in world.bucket.calls
    assert reply.headers["vary"] == "Accept"
    assert reply.headers["content-disposition"] == "inline; filename=50x50_a.png"


def test_an_original_never_varies_by_accept() -> None:
    assert "vary" not in World().get(PICTURE, accept="image/avif").headers
