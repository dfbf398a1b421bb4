"""Large files in browsers: a seek works after every signed address of S3 has expired, and a script
gets the whole file after a range of it."""

import hashlib
import html
import io
import random
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e import webm
from tests.e2e.browser import Browser, in_each_browser, reported_by
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import Runner, start, stop

RECORD, FILM = "large0000000000", "clip_0123456789.webm"
OTHER_RECORD, DATA = "large0000000001", "data_0123456789.bin"
CONTENT = random.Random(5).randbytes(5 * 1024 * 1024)
SHORT_LIFE = ("--parameter", "RedirectSeconds=10")
"""Long enough for a busy machine to follow the redirect."""
WITHOUT_MEDIA_RANGES = ("--parameter", "MediaRanges=no")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")

PAUSE_THEN_SEEK = """<video preload="metadata" muted src="%s"></video><script>
const video = document.querySelector("video");
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const allSignedNowHaveExpired = async () => {
  const signed = (await fetch("%s", {cache: "reload"})).url;
  const isRefused = () => fetch(signed, {cache: "reload"}).then(() => false, () => true);
  while (!(await isRefused())) await sleep(500);  // a refusal has no CORS headers here
};
video.onerror = () => tell({error: video.error.code, duration: video.duration});
video.onloadeddata = async () => {
  video.onloadeddata = null;
  await allSignedNowHaveExpired();
  video.onseeked = () => tell({time: video.currentTime, duration: video.duration});
  video.currentTime = 27;
};
</script>"""


def with_film(log: Path, *options: str) -> Iterator[Runner]:
    """A service whose signed addresses soon expire, with a large video in an open
    and in a protected collection."""
    runner = start(log, *SHORT_LIFE, *options)
    try:
        bucket = Bucket.of(runner.aws)
        film = webm.film()
        assert len(film) > 25_000_000
        data = (CONTENT, "application/octet-stream")
        bucket.put("photos", RECORD, "any", {FILM: (film, "video/webm")})
        bucket.put("open_papers", RECORD, "paper", {FILM: (film, "video/webm")})
        bucket.put("photos", OTHER_RECORD, "any", {DATA: data})
        bucket.put("open_papers", OTHER_RECORD, "paper", {DATA: data})
        yield runner
    finally:
        stop(runner)


@pytest.fixture(scope="module", params=["api", pytest.param("edge", marks=needs_node)])
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    """The API itself, and the edge in front of it."""
    options = ("--cdn",) if request.param == "edge" else ()
    yield from with_film(tmp_path_factory.mktemp("media") / "log", *options)


def seek_after_a_pause(
    runner: Runner, collection: str, folder: Path, browser: Browser
) -> dict[str, float]:
    film = f"{runner.base}/api/files/{collection}/{RECORD}/{FILM}"
    redirected = f"{runner.base}/api/files/open_papers/{OTHER_RECORD}/{DATA}"
    page = PAUSE_THEN_SEEK % (html.escape(film), redirected)
    reported: dict[str, float] = reported_by(page, folder, browser)
    return reported


@in_each_browser
@pytest.mark.parametrize("collection", ["photos", "open_papers"])
def test_a_large_video_seeks_after_signed_addresses_have_expired(
    runner: Runner, collection: str, browser: Browser, tmp_path: Path
) -> None:
    reported = seek_after_a_pause(runner, collection, tmp_path, browser)
    assert reported == {"time": 27, "duration": webm.SECONDS}


FETCHES_ALL = """
oninstall = () => skipWaiting();
onactivate = (event) => event.waitUntil(clients.claim());
onfetch = (event) => {
  if (event.request.url.includes("/api/files/")) event.respondWith(fetch(event.request));
};
"""
BY_A_WORKER = """<body><script>
(async () => {
  const claimed = new Promise((done) => navigator.serviceWorker.oncontrollerchange = done);
  await navigator.serviceWorker.register("/worker.js");
  await claimed;
  const video = document.createElement("video");
  video.onerror = () => tell({error: video.error.code, message: video.error.message});
  video.onloadeddata = () => {
    video.onloadeddata = null;
    video.onseeked = () => tell({time: video.currentTime, duration: video.duration});
    video.currentTime = 27;
  };
  Object.assign(video, {preload: "metadata", muted: true, src: "%s"});
  document.body.append(video);
})();
</script>"""


@in_each_browser
@pytest.mark.parametrize("collection", ["photos", "open_papers"])
def test_a_large_video_plays_where_a_service_worker_fetches_it(
    runner: Runner, collection: str, browser: Browser, tmp_path: Path
) -> None:
    """In Chromium, the worker's request no longer says that it is for a video."""
    film = f"{runner.base}/api/files/{collection}/{RECORD}/{FILM}"
    page = BY_A_WORKER % html.escape(film)
    reported = reported_by(page, tmp_path, browser, worker=FETCHES_ALL)
    assert reported == {"time": 27, "duration": webm.SECONDS}


RANGE_THEN_WHOLE = """<script>
const hex = (byte) => byte.toString(16).padStart(2, "0");
const sha256 = async (bytes) =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map(hex).join("");
const fetched = async (options) => {
  const answer = await fetch("%s", options);
  const bytes = await answer.arrayBuffer();
  return [answer.status, bytes.byteLength, await sha256(bytes)];
};
(async () => {
  const part = await fetched({headers: {Range: "bytes=5-14"}});
  tell([part, await fetched()]);
})();
</script>"""


@in_each_browser
@pytest.mark.parametrize("collection", ["photos", "open_papers"])
def test_a_script_gets_a_range_of_a_large_file_and_then_the_whole(
    runner: Runner, collection: str, browser: Browser, tmp_path: Path
) -> None:
    """Chromium keeps a range, and joins what it has kept with the answer for the rest."""
    url = f"{runner.base}/api/files/{collection}/{OTHER_RECORD}/{DATA}"
    part, whole = reported_by(RANGE_THEN_WHOLE % url, tmp_path, browser)
    assert part == [206, 10, hashlib.sha256(CONTENT[5:15]).hexdigest()]
    assert whole == [200, len(CONTENT), hashlib.sha256(CONTENT).hexdigest()]


FROM_ANOTHER_ORIGIN = """<body><script>
const files = "%s", large = "%s";
const loaded = (name, event, attributes) => new Promise((done, failed) => {
  const element = document.createElement(name);
  element.addEventListener(event, () => done(element));
  element.addEventListener("error", () => failed(`${name} cannot be loaded`));
  Object.assign(element, attributes);  // the load begins here
  document.body.append(element);
});
const seekTo = (element, seconds) => new Promise((done) => {
  element.onseeked = () => done(element.currentTime);
  element.currentTime = seconds;
});
const length = async (url, options) => (await (await fetch(url, options)).arrayBuffer()).byteLength;
(async () => {
  const picture = await loaded("img", "load", {srcset: `${files}%s?thumb=100x100 1x`});
  const sound = {src: `${files}%s`, preload: "metadata", muted: true};
  const audio = await loaded("audio", "loadedmetadata", sound);
  const range = {headers: {Range: "bytes=5-14"}};
  tell({
    picture: picture.naturalWidth,
    audio: await seekTo(audio, 150),
    part: await length(large, range),
    whole: await length(large),
    head: (await fetch(large, {method: "HEAD"})).headers.get("content-length"),
  });
})();
</script>"""
PICTURE, SOUND = "photo_0123456789.png", "sound_0123456789.wav"


@in_each_browser
def test_a_page_of_another_origin_shows_plays_and_fetches_files(
    runner: Runner, browser: Browser, tmp_path: Path
) -> None:
    record = "another00000000"
    files = {PICTURE: (png(), "image/png"), SOUND: (wav(170), "audio/wav")}
    Bucket.of(runner.aws).put("photos", record, "any", files)
    base = f"{runner.base}/api/files"
    small = f"{base}/photos/{record}/"
    large = f"{base}/open_papers/{OTHER_RECORD}/{DATA}"
    page = FROM_ANOTHER_ORIGIN % (small, large, PICTURE, SOUND)
    assert reported_by(page, tmp_path, browser) == {
        "picture": 100,
        "audio": 150,
        "part": 10,
        "whole": len(CONTENT),
        "head": str(len(CONTENT)),
    }


def png() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(written, "PNG")
    return written.getvalue()


def wav(seconds: int) -> bytes:
    """Silence of 176,400 bytes a second."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(176_400 * seconds))
    return written.getvalue()


@pytest.fixture(scope="module")
def redirecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The API that redirects media elements, too."""
    yield from with_film(tmp_path_factory.mktemp("redirecting") / "log", *WITHOUT_MEDIA_RANGES)


@in_each_browser
def test_without_media_ranges_the_same_seek_fails(
    redirecting: Runner, browser: Browser, tmp_path: Path
) -> None:
    """The test above would notice a redirect."""
    reported = seek_after_a_pause(redirecting, "open_papers", tmp_path, browser)
    assert reported["error"]
    assert reported["duration"] == webm.SECONDS  # it had been opened
