import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from local.samples import Opens, samples, thumb_form
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Collection, Field, Record, TokenOptions
from tests.fakes import FakeTable

BASE = "http://127.0.0.1:8090"
NOW = 1_700_000_000
SIGNED = TokenOptions("s" * 32, 180)


def collection(name: str, *fields: Field, kind: str = "base", rule: str | None = "") -> Collection:
    return Collection(f"id_{name}", name, kind, fields, rule, auth_token=SIGNED, file_token=SIGNED)


def picture(name: str, *thumbs: str) -> Field:
    return Field(name, name, "file", thumbs=thumbs)


def protected(name: str) -> Field:
    return Field(name, name, "file", protected=True)


@dataclass
class Catalogue:
    """Collections and their records, in memory."""

    collections: Sequence[Collection]
    records: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


def found(catalogue: Catalogue, opens: Opens = lambda path: True) -> dict[str, str]:
    records = [
        Record(collection_id, values["id"], values)
        for collection_id, listed in catalogue.records.items()
        for values in listed
    ]
    snapshot = snapshot_of(FakeTable(catalogue.collections, records))
    return dict(samples(snapshot, opens, BASE, NOW))


def owner(token: str) -> str:
    """Whose token stands in a text."""
    claims = token.split(".")[-2]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["id"])


ADA = {"id": "ada", "tokenKey": "key-a"}
ROOT = {"id": "root", "tokenKey": "key-r"}
USERS = collection("users", kind="auth")
SUPERUSERS = collection("_superusers", kind="auth", rule=None)
PHOTOS = collection(
    "photos", picture("small", "50x50"), picture("image", "9x9", "50x50", "9x9t", "0x9")
)
PAPERS = collection("papers", protected("paper"), rule="owner = @request.auth.id")


@pytest.mark.parametrize(
    ("size", "form"), [("100x300", "NxN"), ("1x10t", "NxNt"), ("0x300", "0xN"), ("300x0", "Nx0")]
)
def test_sizes_that_differ_only_in_numbers_have_the_same_form(size: str, form: str) -> None:
    assert thumb_form(size) == form


def test_a_picture_comes_with_one_thumb_of_each_form_its_field_lists() -> None:
    catalogue = Catalogue(
        [PHOTOS], {"id_photos": [{"id": "r 1", "small": "a.png", "image": "b#c.png"}]}
    )
    url = f"{BASE}/api/files/photos/r%201/b%23c.png"
    assert list(found(catalogue).items()) == [
        ("picture", url),
        ("thumb 9x9", f"{url}?thumb=9x9"),
        ("thumb 9x9t", f"{url}?thumb=9x9t"),
        ("thumb 0x9", f"{url}?thumb=0x9"),
    ]


def test_missing_files_and_files_that_are_not_pictures_are_skipped() -> None:
    records = [
        {"id": "r1", "image": "a.txt"},
        {"id": "r2", "image": "b.png"},
        {"id": "r3", "image": "c.png"},
    ]
    catalogue = Catalogue([PHOTOS], {"id_photos": records})
    assert found(catalogue, lambda path: "b.png" not in path)["picture"].endswith("/r3/c.png")


def test_a_protected_file_comes_with_the_token_of_an_ordinary_user_who_may_see_it() -> None:
    records = {
        "id_users": [ADA, {"id": "bob", "tokenKey": "key-b"}],
        "id__superusers": [ROOT],
        "id_papers": [{"id": "p1", "paper": "a.txt"}, {"id": "p2", "paper": "b.txt"}],
    }
    tried: list[str] = []

    def opens(path: str) -> bool:
        tried.append(path)
        return "/p2/" in path and owner(path) == "bob"

    lines = found(Catalogue([SUPERUSERS, USERS, PAPERS], records), opens)
    assert lines["protected"] == BASE + tried[-1]
    assert [(owner(path), path.split("/")[4]) for path in tried] == [
        ("ada", "p1"),
        ("ada", "p2"),
        ("bob", "p1"),
        ("bob", "p2"),
    ]
    assert owner(lines["auth token"]) == "bob"
    assert (
        lines["file token"]
        == f"curl -X POST -H 'Authorization: {lines['auth token']}' {BASE}/api/files/token"
    )


def test_a_superuser_opens_what_no_user_may_see() -> None:
    records = {"id__superusers": [ROOT], "id_papers": [{"id": "p1", "paper": "a.txt"}]}
    assert set(found(Catalogue([SUPERUSERS, PAPERS], records))) == {
        "protected",
        "auth token",
        "file token",
    }


@pytest.mark.parametrize(
    "catalogue",
    [
        Catalogue([]),
        Catalogue([PHOTOS, PAPERS, USERS]),
        Catalogue([PAPERS], {"id_papers": [{"id": "p1", "paper": "a.txt"}]}),
        Catalogue([USERS], {"id_users": [{"id": "ada", "tokenKey": ""}]}),
        Catalogue(
            [collection("v", picture("image", "9x9"), kind="view")],
            {"id_v": [{"id": "r", "image": "a.png"}]},
        ),
    ],
    ids=["nothing", "no records", "nobody", "a user without a key", "a view"],
)
def test_lines_without_an_example_in_the_data_are_left_out(catalogue: Catalogue) -> None:
    assert found(catalogue) == {}


def test_the_search_for_a_protected_file_is_bounded() -> None:
    records = {
        "id_users": [{"id": f"u{n}", "tokenKey": "k"} for n in range(20)],
        "id_papers": [{"id": f"p{n}", "paper": "a.txt"} for n in range(20)],
    }
    tried: list[str] = []

    def opens(path: str) -> bool:
        tried.append(path)
        return False

    assert "protected" not in found(Catalogue([USERS, PAPERS], records), opens)
    assert len(tried) == 200
