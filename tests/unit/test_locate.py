import pytest

from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.catalogue.model import Collection, Field, Record, Source
from pocketfiles.errors import NotFound, Refusal, UnknownCollection
from pocketfiles.locate import (
    Located,
    find_collection,
    find_field,
    find_record,
    parts,
    path_of,
    thumb_size,
)
from tests.fakes import FakeTable, request

IMAGE = Field("f1", "image", "file", max_select=1, thumbs=("50x50", "bad"))
SCANS = Field("f2", "scans", "file", max_select=9, protected=True)
PHOTOS = Collection("pbc_photos", "photos", "base", (Field("f0", "title", "text"), IMAGE, SCANS))
SHOWN = Collection("pbc_shown", "shown", "view", (IMAGE,))
RECORD = Record(
    "pbc_photos", "p1", {"title": "t.txt", "image": "a.png", "scans": '["b.txt","a.png"]'}
)
VIEWED = Record("pbc_shown", "v1", {"image": "a.png"}, {"a.png": Source("pbc_photos", "p1")})


@pytest.fixture
def snapshot() -> Snapshot:
    return snapshot_of(FakeTable([PHOTOS, SHOWN], [RECORD, VIEWED]))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_path_has_a_collection_a_record_and_a_file(method: str) -> None:
    assert parts(request(method, "/api/files/photos/p1/a b.png")) == ("photos", "p1", "a b.png")


def test_a_files_path_is_percent_encoded() -> None:
    assert path_of("photos", "p1", "a/é b.png") == "/api/files/photos/p1/a%2F%C3%A9%20b.png"


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("POST", "/api/files/photos/p1/a.png", "no such route"),
        ("GET", "/api/files/photos/p1", "no such route"),
        ("GET", "/api/files/photos/p1/a.png/", "no such route"),
        ("GET", "/API/files/photos/p1/a.png", "no such route"),
        ("GET", "", "no such route"),
        ("GET", "/api/files//p1/a.png", "an empty path segment"),
        ("GET", "/api/files/photos//a.png", "an empty path segment"),
        ("GET", "/api/files/photos/p1/", "an empty path segment"),
    ],
)
def test_any_other_path_or_method_is_not_found(method: str, path: str, reason: str) -> None:
    with pytest.raises(NotFound, match=reason):
        parts(request(method, path))


@pytest.mark.parametrize(
    ("collection", "record", "name", "refusal"),
    [
        ("nope", "p1", "a.png", UnknownCollection),
        ("photos", "nope", "a.png", NotFound),
        ("photos", "p1", "t.txt", NotFound),
        ("photos", "p1", "A.png", NotFound),
    ],
)
def test_a_missing_collection_record_or_file_is_refused(
    collection: str, record: str, name: str, refusal: type[Refusal], snapshot: Snapshot
) -> None:
    with pytest.raises(refusal):
        found = find_collection(snapshot, collection)
        find_field(found, find_record(snapshot, found, record), name)


def test_the_first_field_with_the_name_counts(snapshot: Snapshot) -> None:
    found = find_collection(snapshot, "PHOTOS")
    record = find_record(snapshot, found, "p1")
    assert (found, record) == (PHOTOS, RECORD)
    assert find_field(found, record, "a.png") == IMAGE
    assert find_field(found, record, "b.txt") == SCANS


def test_a_views_file_has_the_key_of_its_source() -> None:
    assert Located(PHOTOS, RECORD, IMAGE, "a.png").key == "pbc_photos/p1/a.png"
    assert Located(SHOWN, VIEWED, IMAGE, "a.png").key == "pbc_photos/p1/a.png"
    with pytest.raises(NotFound):
        _ = Located(SHOWN, VIEWED, IMAGE, "b.png").key


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("thumb=50x50", "50x50"),
        ("thumb=100x100", "100x100"),
        ("thumb=bad", "bad"),
        ("thumb=77x77", ""),
        ("thumb=50X50", ""),
        ("thumb=", ""),
        ("", ""),
    ],
)
def test_only_listed_sizes_are_thumbs(query: str, size: str) -> None:
    assert thumb_size(request(query=query), IMAGE) == size
