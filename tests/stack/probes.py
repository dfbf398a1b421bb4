"""What a stack with the demo data must do, each as a function that asserts it.

The tests run all of them. `make stack ARGS=--without` runs them against templates with something
taken out.
"""

import json
import time
from collections.abc import Callable
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from pocketfiles.config import ThumbOptions
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import ThumbSize
from tests.stack.deployment import DEMO, Answer, Stack

Probe = Callable[[Stack], None]

PHOTOS = "pbc_1063624087"
PHOTO = f"{PHOTOS}/photo0000000001"
PNG = f"{PHOTO}/photo_ik2461xl3x.png"
JPEG = f"{PHOTO}/photo_u8xiok0v9c.jpg"
WEBP = f"{PHOTO}/photo_g7h7r4cjvw.webp"
PROTECTED = "documents/doc000000000000/file_0_jr7qyn9hd0.txt"
PROTECTED_KEY = "pbc_3332084752/doc000000000000/file_0_jr7qyn9hd0.txt"
OWNER = "userada00000000"
STRANGER = "usereve00000000"
THUMBS = {
    "50x50": (50, 50),
    "300x100t": (300, 100),
    "300x100b": (300, 100),
    "200x200f": (200, 133),
    "0x300": (450, 300),
    "300x0": (300, 200),
}
"""One thumb of each form of the demo's photo, and its size in pixels."""


def stored(key: str) -> bytes:
    return (DEMO / "storage" / key).read_bytes()


def a_public_file_is_served(stack: Stack) -> None:
    answer = stack.get(f"/api/files/{PNG}")
    assert answer.status == 200
    assert answer.body == stored(PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"].startswith("max-age=2592000")


def a_collection_is_found_by_name(stack: Stack) -> None:
    answer = stack.get(f"/api/files/{PNG.replace(PHOTOS, 'photos')}")
    assert answer.body == stored(PNG)


def head_answers_without_a_body(stack: Stack) -> None:
    answer = stack.ask("HEAD", f"/api/files/{PNG}")
    assert answer.status == 200
    assert answer.headers["etag"]
    assert answer.body == b""


def a_range_is_answered_with_206(stack: Stack) -> None:
    answer = stack.get(f"/api/files/{PNG}", Range="bytes=10-19")
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes 10-19/{len(stored(PNG))}"
    assert answer.body == stored(PNG)[10:20]


def an_etag_is_answered_with_304(stack: Stack) -> None:
    etag = stack.get(f"/api/files/{PNG}").headers["etag"]
    answer = stack.ask("GET", f"/api/files/{PNG}", {"If-None-Match": etag})
    assert answer.status == 304
    assert answer.body == b""


def each_form_of_thumb_is_made_and_stored(stack: Stack) -> None:
    folder, _, name = PNG.rpartition("/")
    s3 = stack.emulator.client("s3")
    prefix = f"{folder}/thumbs_{name}/"
    listed = s3.list_objects_v2(Bucket=stack.bucket, Prefix=prefix).get("Contents", [])
    for each in listed:
        s3.delete_object(Bucket=stack.bucket, Key=each["Key"])
    for size, pixels in THUMBS.items():
        answer = stack.get(f"/api/files/{PNG}?thumb={size}")
        assert answer.status == 200
        assert Image.open(BytesIO(answer.body)).size == pixels, size
        kept = s3.get_object(Bucket=stack.bucket, Key=f"{prefix}{size}_{name}")
        assert kept["Body"].read() == answer.body
        again = stack.get(f"/api/files/{PNG}?thumb={size}")
        assert again.body == answer.body


def thumbs_are_encoded_as_the_parameters_say(stack: Stack) -> None:
    given = stack.parameters
    options = ThumbOptions(
        jpeg_quality=int(given.get("ThumbJpegQuality", "85")),
        webp_quality=int(given.get("ThumbWebpQuality", "80")),
        avif_quality=int(given.get("ThumbAvifQuality", "63")),
        png_tolerance=int(given.get("ThumbPngTolerance", "1")),
    )
    for key in (JPEG, WEBP, PNG):
        thumb = render(stored(key), ThumbSize(50, 50), options)
        assert new_thumb(stack, key, "50x50").body == thumb.body, key
    if is_accept_forwarded(stack) and "avif" in given.get("ThumbFormats", "avif"):
        avif = render(stored(JPEG), ThumbSize(50, 50), options, "avif")
        assert new_thumb(stack, JPEG, "50x50", "avif").body == avif.body, "avif"


def new_thumb(stack: Stack, key: str, size: str, format_name: str = "") -> Answer:
    """A thumb that is not stored yet; ``format_name`` is ``avif``, ``webp`` or empty."""
    folder, _, name = key.rpartition("/")
    suffix = f".{format_name}" if format_name else ""
    stored_key = f"{folder}/thumbs_{name}/{size}_{name}{suffix}"
    stack.emulator.client("s3").delete_object(Bucket=stack.bucket, Key=stored_key)
    accept = {"Accept": f"image/{format_name}"} if format_name else {}
    return stack.get(f"/api/files/{key}?thumb={size}", **accept)


def is_accept_forwarded(stack: Stack) -> bool:
    """Whether the function sees ``Accept``. Without the edge functions, CloudFront drops it."""
    return stack.parameters.get("Cdn") == "no" or "EdgeRequest" in stack.resources


def a_thumb_comes_in_the_format_that_the_client_accepts(stack: Stack) -> None:
    offered = stack.parameters.get("ThumbFormats", "avif,webp").split(",")
    for format_name in ("avif", "webp"):
        is_made = format_name in offered and is_accept_forwarded(stack)
        answer = new_thumb(stack, PNG, "500x500", format_name)
        assert answer.status == 200
        expected = f"image/{format_name}" if is_made else "image/png"
        assert answer.headers["content-type"] == expected
        assert Image.open(BytesIO(answer.body)).size == (500, 500)


def a_protected_file_needs_the_right_token(stack: Stack) -> None:
    path = f"/api/files/{PROTECTED}"
    answer = stack.get(f"{path}?token={stack.token(OWNER)}")
    assert answer.status == 200
    assert answer.body == stored(PROTECTED_KEY)
    assert "private" in answer.headers["cache-control"]
    assert stack.get(path).status == 404
    assert stack.get(f"{path}?token={stack.token(STRANGER)}").status == 404


def a_file_token_is_issued(stack: Stack) -> None:
    sent = {"Authorization": stack.token(OWNER, "--auth"), "Content-Length": "0"}
    answer = stack.ask("POST", "/api/files/token", sent)
    assert answer.status == 200
    token = answer.json()["token"]
    assert stack.get(f"/api/files/{PROTECTED}?token={token}").status == 200


def a_token_is_refused_without_authorization(stack: Stack) -> None:
    answer = stack.ask("POST", "/api/files/token", {"Content-Length": "0"})
    assert answer.status == 401


def a_missing_file_is_404(stack: Stack) -> None:
    answer = stack.get(f"/api/files/{PHOTO}/missing.png")
    assert answer.status == 404
    assert answer.json() == {
        "data": {},
        "message": "The requested resource wasn't found.",
        "status": 404,
    }
    assert answer.headers["cache-control"] == "no-store"


def a_file_missing_in_the_bucket_is_404(stack: Stack) -> None:
    """S3 answers 403 for a missing key to whom may not list the bucket."""
    s3 = stack.emulator.client("s3")
    key = f"{PHOTOS}/photo0000000002/data_mzqutpl072.json"
    s3.delete_object(Bucket=stack.bucket, Key=key)
    try:
        assert stack.get(f"/api/files/{key}").status == 404
    finally:
        s3.put_object(Bucket=stack.bucket, Key=key, Body=stored(key))


def other_paths_are_404_in_our_words(stack: Stack) -> None:
    answer = stack.get("/api/other")
    assert answer.status == 404
    assert answer.json()["status"] == 404


BLOB = f"{PHOTOS}/photo0000000002/blob_9g2leb4o2l.bin"
LARGE_BYTES = 5 * 1024 * 1024


def a_large_file_is_redirected_to_s3(stack: Stack) -> None:
    """As a download, which the API always decides; CloudFront may read others from the bucket."""
    body = bytes(range(256)) * (LARGE_BYTES // 256)
    s3 = stack.emulator.client("s3")
    s3.put_object(Bucket=stack.bucket, Key=BLOB, Body=body, ContentType="application/octet-stream")
    try:
        answer = stack.get(f"/api/files/{BLOB}?download=1")
        assert answer.status == 302
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert query["X-Amz-Expires"] == [stack.parameters.get("RedirectSeconds", "900")]
        assert stack.download(answer.headers["location"]) == body
        part = stack.get(f"/api/files/{BLOB}?download=1", Range="bytes=4194304-4194313")
        assert (part.status, part.body) == (206, body[4194304:4194314])
    finally:
        s3.put_object(Bucket=stack.bucket, Key=BLOB, Body=stored(BLOB))


def media_elements_get_ranges_or_redirects(stack: Stack) -> None:
    """As the parameter MediaRanges says. Behind CloudFront, edge/request.js marks the former."""
    if not is_accept_forwarded(stack):
        return
    s3 = stack.emulator.client("s3")
    s3.put_object(Bucket=stack.bucket, Key=BLOB, Body=bytes(LARGE_BYTES))
    try:
        sent = {"Range": "bytes=0-", "Sec-Fetch-Dest": "video"}
        answer = stack.ask("GET", f"/api/files/{BLOB}?download=1", sent)
        assert answer.status == (302 if stack.parameters.get("MediaRanges") == "no" else 206)
    finally:
        s3.put_object(Bucket=stack.bucket, Key=BLOB, Body=stored(BLOB))


def protected_files_are_denied_when_no_sync_lives(stack: Stack) -> None:
    """For as long as the parameter MaxSyncAgeSeconds says."""
    dynamodb = stack.emulator.client("dynamodb")
    items = dynamodb.scan(TableName=stack.table)["Items"]
    pointers = [item for item in items if item["sk"]["S"] == "pointer"]  # there are several copies
    for pointer in pointers:
        dynamodb.put_item(TableName=stack.table, Item={**pointer, "heartbeat": {"N": "1"}})
    try:
        answer = stack.get(f"/api/files/{PROTECTED}?token={stack.token(OWNER)}")
        has_limit = stack.parameters.get("MaxSyncAgeSeconds", "0") != "0"
        assert answer.status == (404 if has_limit else 200)
    finally:
        for pointer in pointers:
            dynamodb.put_item(TableName=stack.table, Item=pointer)


SAMPLED_REQUESTS = 20


def a_share_of_the_successful_requests_is_logged(stack: Stack) -> None:
    """As the parameter LogPercent says. 1 % of 20 requests is none of them, nearly always."""
    before = answered(stack)
    for _ in range(SAMPLED_REQUESTS):
        assert stack.get(f"/api/files/{PNG}?download=1").status == 200
    logged = answered(stack) - before
    if stack.parameters.get("LogPercent", "100") == "100":
        assert logged == SAMPLED_REQUESTS
    else:
        assert logged < SAMPLED_REQUESTS // 2


def answered(stack: Stack) -> int:
    """Requests that the files function has answered."""
    return len(stack.logged("files", "answered"))


def each_request_is_logged_under_the_stacks_name(stack: Stack) -> None:
    stack.get(f"/api/files/{PHOTO}/logged.png")
    assert stack.logged("files", "answered")[-1]["service"] == stack.name


AUDIT_ATTEMPTS = 3
AUDIT_PAUSE_SECONDS = 11.0
"""A function that waited in vain for the audit log writes nothing to it for ten seconds."""


def who_opened_a_protected_file_is_logged(stack: Stack) -> None:
    """In the log group of AuditLogDays, or in the function's own log."""
    group = stack.outputs.get("AuditLogGroupName", f"/aws/lambda/{stack.name}-files")
    before = len(stack.lines_in(group, "opened"))
    for attempt in range(AUDIT_ATTEMPTS):
        time.sleep(AUDIT_PAUSE_SECONDS if attempt else 0)
        answer = stack.get(f"/api/files/{PROTECTED}?token={stack.token(OWNER)}")
        assert answer.status == 200
        lines = stack.lines_in(group, "opened")
        if len(lines) > before:
            break
    assert len(lines) > before
    opened = {name: lines[-1][name] for name in ("collection", "record", "owner")}
    collection, record, _ = PROTECTED.split("/")
    assert opened == {"collection": collection, "record": record, "owner": f"users/{OWNER}"}


def a_copy_under_a_name_soon_expires(stack: Stack) -> None:
    """CloudFront knows collections by their ids, where it has the functions (CDN_DIRECT)."""
    secrets = stack.emulator.client("secretsmanager")
    secret = secrets.get_secret_value(SecretId=stack.resources["OriginSecret"])["SecretString"]
    sent = {"x-origin-secret": json.loads(secret)["current"]}
    path = f"/api/files/{PNG.replace(PHOTOS, 'photos')}"
    answer = stack.ask_host(stack.api_host, "GET", path, sent)
    assert answer.status == 200
    expires = "s-maxage" in answer.headers["cache-control"]
    assert expires == ("EdgeRequest" in stack.resources)


def a_public_file_reaches_no_function(stack: Stack) -> None:
    """CloudFront reads it from the bucket."""
    before = answered(stack)
    answer = stack.get(f"/api/files/{PNG}", Origin="https://example.com")
    assert (answer.status, answer.body) == (200, stored(PNG))
    assert answered(stack) == before


def nobody_goes_around_the_cdn(stack: Stack) -> None:
    for method, path in (("GET", f"/api/files/{PNG}"), ("POST", "/api/files/token")):
        answer = stack.ask_host(stack.api_host, method, path, {"Content-Length": "0"})
        assert answer.status == 403, method


COMMON: list[Probe] = [
    a_public_file_is_served,
    a_collection_is_found_by_name,
    head_answers_without_a_body,
    a_range_is_answered_with_206,
    an_etag_is_answered_with_304,
    each_form_of_thumb_is_made_and_stored,
    thumbs_are_encoded_as_the_parameters_say,
    a_thumb_comes_in_the_format_that_the_client_accepts,
    a_protected_file_needs_the_right_token,
    a_file_token_is_issued,
    a_token_is_refused_without_authorization,
    a_missing_file_is_404,
    a_file_missing_in_the_bucket_is_404,
    other_paths_are_404_in_our_words,
    a_large_file_is_redirected_to_s3,
    media_elements_get_ranges_or_redirects,
    protected_files_are_denied_when_no_sync_lives,
    a_share_of_the_successful_requests_is_logged,
    who_opened_a_protected_file_is_logged,
    each_request_is_logged_under_the_stacks_name,
]
"""What holds for every stack."""

BEHIND_CLOUDFRONT: list[Probe] = [
    *COMMON,
    nobody_goes_around_the_cdn,
    a_copy_under_a_name_soon_expires,
]


def failures(stack: Stack, probes: list[Probe]) -> list[str]:
    """The names of the probes that fail, with their messages."""
    failed = []
    for probe in probes:
        try:
            probe(stack)
        except Exception as error:
            failed.append(f"{probe.__name__}: {error!r}")
    return failed
