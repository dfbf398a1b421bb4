"""The viewer-response function: which headers an answer of the bucket gains and loses."""

from pathlib import Path

import pytest

from pocketfiles.http.headers import CONTENT_SECURITY_POLICY
from tests.edge.engine import ENGINES, ROOT, run

MAX_BYTES = 10 * 1024  # CloudFront Functions: maximum function size

pytestmark = [
    pytest.mark.parametrize(
        "engine", ENGINES or [pytest.param("", marks=pytest.mark.skip("no Node, no njs"))]
    )
]


def answered(
    engine: str,
    tmp_path: Path,
    uri: str,
    headers: dict[str, str],
    method: str = "GET",
    thumb: str = "",
) -> dict[str, str]:
    """The answer's headers as the viewer gets them."""
    query = {"thumb": {"value": thumb}} if thumb else {}
    event = {
        "request": {"method": method, "uri": uri, "querystring": query, "headers": {}},
        "response": {
            "statusCode": 200,
            "headers": {name: {"value": value} for name, value in headers.items()},
        },
    }
    [answer] = run(engine, "response", [event], {}, tmp_path)
    return {name: entry["value"] for name, entry in answer["result"]["headers"].items()}


STORED = {
    "content-type": "image/png",
    "etag": '"x"',
    "x-amz-request-id": "1",
    "x-amz-meta-original-filename": "a",
}


def test_a_stored_object_gets_pocketbases_headers(engine: str, tmp_path: Path) -> None:
    assert answered(engine, tmp_path, "/pbc_1/r1/a.png", STORED) == {
        "content-type": "image/png",
        "etag": '"x"',
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "x-content-type-options": "nosniff",
        "x-xss-protection": "1; mode=block",
        "access-control-allow-origin": "*",
        "cache-control": "max-age=2592000, stale-while-revalidate=86400",
        "vary": "Origin",
        "content-disposition": "inline; filename=a.png",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
    }


def test_an_avif_thumb_is_shown(engine: str, tmp_path: Path) -> None:
    uri = "/pbc_1/r1/thumbs_a.jpg/100x300_a.jpg.avif"
    headers = answered(engine, tmp_path, uri, {"content-type": "image/avif"})
    assert headers["content-disposition"] == "inline; filename=100x300_a.jpg"


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/avif", "image/svg+xml", "application/octet-stream", ""]
)
def test_a_type_that_may_run_is_an_attachment(
    engine: str, tmp_path: Path, content_type: str
) -> None:
    headers = answered(engine, tmp_path, "/pbc_1/r1/a", {"content-type": content_type})
    assert headers["content-disposition"] == "attachment; filename=a"


@pytest.mark.parametrize(
    ("uri", "thumb"),
    [
        ("/pbc_1/r1/thumbs_a_b.png/100x300_a_b.png", ""),
        ("/pbc_1/r1/thumbs_a_b.png/100x300_a_b.png.avif", ""),
        ("/api/files/photos/r1/a_b.png", "100x300"),
    ],
)
def test_a_thumb_bears_the_plain_thumbs_name(
    engine: str, tmp_path: Path, uri: str, thumb: str
) -> None:
    headers = answered(engine, tmp_path, uri, STORED, thumb=thumb)
    assert headers["content-disposition"] == "inline; filename=100x300_a_b.png"
    assert headers["vary"] == "Accept, Origin"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-xss-protection": "1; mode=block", "cache-control": "private, no-cache"},
        {"x-xss-protection": "1; mode=block", "content-disposition": "inline; filename=a"},
    ],
)
def test_an_answer_of_the_api_only_gains_hsts(
    engine: str, tmp_path: Path, headers: dict[str, str]
) -> None:
    changed = answered(engine, tmp_path, "/api/files/c/r/a", headers)
    assert changed.pop("strict-transport-security")
    assert changed == headers


def test_headers_that_an_object_brings_along_are_replaced(engine: str, tmp_path: Path) -> None:
    brought = {"cache-control": "no-cache", "content-disposition": "inline; filename=evil.html"}
    headers = answered(
        engine, tmp_path, "/pbc_1/r1/a", {"content-type": "text/html", "x-amz-id-2": "1", **brought}
    )
    assert headers["content-disposition"] == "attachment; filename=a"
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["cache-control"] == "max-age=2592000, stale-while-revalidate=86400"
    assert "x-amz-id-2" not in headers


def test_a_304_of_the_bucket_does_not_change_the_disposition(engine: str, tmp_path: Path) -> None:
    assert "content-disposition" not in answered(
        engine, tmp_path, "/pbc_1/r1/a.png", {"etag": '"x"'}
    )


def test_a_preflight_stays_as_it_is(engine: str, tmp_path: Path) -> None:
    changed = answered(engine, tmp_path, "/api/files/c/r/a", {"vary": "Origin"}, method="OPTIONS")
    assert set(changed) == {"vary", "strict-transport-security"}


@pytest.mark.parametrize("name", ["request", "response"])
def test_a_function_fits_cloudfronts_limit(engine: str, name: str) -> None:
    source = (ROOT / "edge" / f"{name}.js").read_text()
    assert len(source.encode()) < MAX_BYTES
    assert "${" not in source, "CloudFormation would take it for a reference"
