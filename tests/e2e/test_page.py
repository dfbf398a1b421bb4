"""The page at ``/`` in a real browser, over the running service."""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import DEMO
from tests.e2e.browser import CHROMIUM, Browser, in_each_browser
from tests.e2e.conftest import PATIENCE, Runner
from tests.e2e.devtools import Tab, tab

PICTURE = "photos/photo0000000002/hero_1m1al7dkg1.jpg"
SECRET = "documents/doc000000000000/file_0_jr7qyn9hd0.txt"
TEXT = "document.getElementById('main').innerText"
LOADED = "[...document.querySelectorAll('{} img')].filter((each) => each.naturalWidth > 0).length"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH: the page is not tried in it")
    with tab(tmp_path_factory.mktemp("page")) as opened:
        opened.show(1280, 900)
        yield opened


def visit(browser: Tab, runner: Runner, place: str) -> None:
    """Show one of the page's places, from the start."""
    browser.open("about:blank")
    browser.open(f"{runner.base}/{place}")
    browser.until(f"document.body && document.body.dataset.shown === {place!r}")


def choose(browser: Tab, user: str) -> None:
    browser.run(
        f"(() => {{ const user = document.getElementById('user'); user.value = {user!r};"
        " user.dispatchEvent(new Event('change')); })()"
    )


def test_the_gallery_shows_the_pictures_of_a_collection(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/files/photos")
    assert browser.until(f"{LOADED.format('.gallery')} > 8")
    assert browser.run("document.querySelectorAll('.side a').length") == 6


def test_a_file_shows_every_form_of_its_thumbs_with_what_came(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, f"#/file/{PICTURE}")
    forms = browser.run("[...document.querySelectorAll('.form')].map((each) => each.innerText)")
    assert len(forms) == 14
    for text in forms:
        assert all(fact in text for fact in ("Bytes", " ms", "Format", "max-age=2592000"))
        assert "made just now" in text or "stored" in text
    browser.until(f"{LOADED.format('.forms')} === 14")
    snippets = browser.run("[...document.querySelectorAll('pre')].map((each) => each.innerText)")
    assert snippets[0] == f"curl -OJ '{runner.base}/api/files/{PICTURE}'"
    assert snippets[1].startswith(f'<img src="{runner.base}/api/files/{PICTURE}?thumb=')
    assert 'pb.files.getURL(record, "hero_1m1al7dkg1.jpg", { thumb: ' in snippets[2]


def test_the_formats_that_the_client_accepts_can_be_chosen(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, f"#/file/{PICTURE}")
    browser.run("document.querySelector('.switch button:last-child').click()")
    formats = (
        "[...document.querySelectorAll('.form dd:nth-of-type(3)')].map((each) => each.innerText)"
    )
    assert browser.until(f"({formats}).length === 14 && new Set({formats}).size === 1")
    assert browser.run(f"{formats}[0]") == "jpeg"


def test_a_protected_file_opens_as_the_chosen_user_and_shows_how_long_the_token_lives(
    browser: Tab, runner: Runner
) -> None:
    visit(browser, runner, f"#/file/{SECRET}")
    assert "choose whom to view it as" in browser.run(TEXT)
    choose(browser, "users/userada00000000")
    browser.until("document.querySelector('pre').innerText.includes('token=')")
    life = browser.run("document.getElementById('life').innerText")
    assert re.fullmatch(r"token [0-3]:\d\d", life)
    url = browser.run("document.querySelector('pre').innerText.match(/'(.*)'/)[1]")
    assert browser.run(f"fetch({url!r}).then((answer) => answer.status)") == 200


def test_a_file_says_what_the_viewer_is_answered_for_it(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, f"#/file/{SECRET}")
    choose(browser, "users/usercleo0000000")
    browser.until(f"({TEXT}).includes('Not served to this viewer.')")
    refused = browser.run(TEXT)
    assert "404" in refused
    assert "why it is refused" in refused
    assert browser.run("document.querySelectorAll('.links a').length") == 0
    choose(browser, "users/userada00000000")
    browser.until("document.querySelector('.stage .text')")
    served = browser.run(TEXT)
    assert "200" in served
    assert "why it is served" in served
    text = (DEMO / "storage/pbc_3332084752/doc000000000000/file_0_jr7qyn9hd0.txt").read_text()
    assert browser.run("document.querySelector('.stage .text').textContent") == text


def test_an_original_is_downloaded_with_the_viewers_token(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, f"#/file/{SECRET}")
    choose(browser, "users/userada00000000")
    browser.until("document.querySelector('.links a')")
    url = browser.run("document.querySelector('.links a').href")
    assert "download=1" in url
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
    visit(browser, runner, f"#/file/{PICTURE}")
    texts = browser.run("[...document.querySelectorAll('.links a')].map((each) => each.text)")
    assert texts == ["Open", "Download"]


def test_a_token_that_ends_is_renewed_wherever_it_is_shown(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, f"#/file/{SECRET}")
    choose(browser, "users/userada00000000")
    line = "document.querySelector('pre code').textContent"
    browser.until(f"document.querySelector('.links a') && {line}.includes('token=')")
    browser.run("{ window.first = state.token; state.token = 'ended'; state.expires = 1; tick(); }")
    browser.until("state.expires > Date.now()")
    assert browser.run("state.token !== 'ended'")
    assert browser.run(f"{line}.includes(state.token)")
    assert browser.run("document.querySelector('.links a').href.includes(state.token)")
    assert browser.run("document.getElementById('life').textContent").startswith("token ")
    browser.run("{ state.token = 'ended'; state.expires = 1; location.hash = '#/rules'; }")
    browser.until("state.token !== 'ended'")


def test_a_gallery_is_found_again_as_it_was_left(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/files/photos")
    browser.until("document.querySelectorAll('.gallery a').length > 30")
    opened = "document.querySelectorAll('.gallery a')[30]"
    browser.run(f"{{ {opened}.focus(); {opened}.scrollIntoView(); }}")
    at, link = browser.run(f"[scrollY, {opened}.hash]")
    assert at > 0
    browser.run(f"{opened}.click()")
    browser.until("document.querySelector('.back')")
    assert browser.run("document.activeElement.id") == "main"
    browser.run("history.back()")
    browser.until("document.querySelector('.gallery')")
    assert browser.run("[scrollY, document.activeElement.hash]") == [at, link]


def test_the_skip_link_leads_to_what_is_shown(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/files/photos")
    browser.run("document.querySelector('.skip').click()")
    assert browser.run("[location.hash, document.activeElement.id]") == ["#/files/photos", "main"]


def test_the_gallery_begins_with_the_collection_of_most_thumbs(
    browser: Tab, runner: Runner
) -> None:
    visit(browser, runner, "#/files")
    assert browser.run("document.querySelector('h1').innerText") == "photos"


def test_a_decision_is_explained_comparison_by_comparison(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, f"#/explain?url=/api/files/{SECRET}")
    text = browser.run(TEXT)
    assert "404" in text
    assert "the view rule says no" in text
    assert browser.run("document.querySelectorAll('.compared .chip').length") > 1
    choose(browser, "users/userada00000000")
    browser.until("document.querySelector('.verdict.good')")


@pytest.mark.parametrize(
    "pasted",
    [
        f"curl -OJ 'http://127.0.0.1:1/api/files/{PICTURE}?thumb=9x9'",
        f"curl http://127.0.0.1:1/api/files/{PICTURE}?thumb=9x9",
        f"127.0.0.1:8090/api/files/{PICTURE}?thumb=9x9",
        f"api/files/{PICTURE}?thumb=9x9",
    ],
)
def test_what_is_pasted_is_explained(browser: Tab, runner: Runner, pasted: str) -> None:
    visit(browser, runner, "#/explain")
    ask = (
        "{{ document.querySelector('.ask input').value = {0!r};"
        " document.querySelector('.ask button').click(); }}"
    )
    browser.run(ask.format(pasted))
    browser.until("document.querySelector('.verdict.good')")
    assert "with thumb='9x9'" in browser.run(TEXT)
    browser.run(ask.format(""))
    browser.until("!document.querySelector('.verdict')")


def test_open_files_and_rules_are_listed(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/rules")
    text = browser.run(TEXT)
    for name in ("open_papers", "locked_papers", "avatar"):
        assert name in text


def test_requests_appear_as_they_come_without_their_tokens(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/requests")
    browser.run(f"fetch('/api/files/{PICTURE}?thumb=100x100&token=eyJ0.secret.x')")
    browser.until(f"({TEXT}).includes('token=...')")
    assert "secret" not in browser.run(TEXT)


def test_a_request_is_explained_for_the_chosen_viewer_without_its_token(
    browser: Tab, runner: Runner
) -> None:
    visit(browser, runner, "#/requests")
    browser.run(f"fetch('/api/files/{SECRET}?token=eyJ0.secret.x&download=1')")
    own = f"(e) => e.text.includes('{SECRET}') && e.text.includes('download=1')"
    browser.until(f"[...document.querySelectorAll('.log a')].some({own})")
    link = browser.run(f"[...document.querySelectorAll('.log a')].find({own}).hash")
    assert link == f"#/explain?url={quote(f'/api/files/{SECRET}?download=1', safe='')}"


def test_a_request_that_reads_no_file_is_not_explained(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/requests")
    browser.run("fetch('/api/files/token', {method: 'POST'})")
    browser.until(f"({TEXT}).includes('POST /api/files/token')")
    rows = "[...document.querySelectorAll('.log tr')].filter((e) => /POST/.test(e.innerText))"
    assert browser.run(f"{rows}.every((each) => !each.querySelector('a'))")


def test_what_comes_late_does_not_replace_what_was_chosen_meanwhile(
    browser: Tab, runner: Runner
) -> None:
    visit(browser, runner, "#/rules")
    browser.run(
        "{ const real = fetch; window.answers = []; window.fetch = async (...asked) => {"
        " const answer = await real(...asked);"
        " if (String(asked[0]).includes('view=file&')) await new Promise((go) => answers.push(go));"
        " return answer; }; }"
    )
    browser.run(f"location.hash = '#/file/{PICTURE}'")
    browser.until("answers.length === 1")
    browser.run("location.hash = '#/explain'")
    browser.until("document.body.dataset.shown === '#/explain'")
    browser.run("answers[0]()")
    browser.run("fetch('/?view=overview')")  # what the late answer starts has run before this ends
    assert "Why is it served" in browser.run(TEXT)


def test_a_service_that_ends_is_told_and_more_files_can_be_asked_for_again(
    browser: Tab, runner: Runner
) -> None:
    visit(browser, runner, "#/files/photos")
    browser.run("{ window.real = fetch; window.fetch = () => Promise.reject(new TypeError()); }")
    browser.run("document.querySelector('.more').click()")
    browser.until("document.getElementById('toast').textContent === 'The service does not answer'")
    browser.run("location.hash = '#/rules'")
    browser.until(f"({TEXT}) === 'The service does not answer'")
    browser.run("{ window.fetch = window.real; location.hash = '#/files/photos'; }")
    browser.until("document.querySelector('.gallery')")


@pytest.mark.parametrize("place", ["#/files/nosuch", "#/files/%", "#/file/photos/%zz/x"])
def test_an_address_that_leads_nowhere_says_so(browser: Tab, runner: Runner, place: str) -> None:
    visit(browser, runner, place)
    assert re.match("No collection with files is called|there is no such record", browser.run(TEXT))


def test_files_are_found_by_a_part_of_their_name(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/files/photos")
    every = browser.run("document.querySelectorAll('.gallery li').length")
    names = "[...document.querySelectorAll('.gallery .name')].map((each) => each.textContent)"
    type_in = (
        "{{ const search = document.getElementById('search'); search.value = {0!r};"
        " search.dispatchEvent(new Event('input')); }}"
    )
    browser.run(type_in.format("HERO"))
    browser.until(f"({names}).length && ({names}).every((name) => name.includes('hero'))")
    browser.run(type_in.format("photo0000000002"))
    browser.until(f"({names}).includes('hero_1m1al7dkg1.jpg')")
    browser.run(type_in.format("no such file"))
    browser.until("!document.querySelector('.empty').hidden")
    assert "no record id contains no such file." in browser.run(TEXT)
    browser.run(type_in.format(""))
    browser.until(f"document.querySelectorAll('.gallery li').length === {every}")


def test_the_page_is_used_by_keyboard(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/files/photos")
    browser.press("/")
    assert browser.run("document.activeElement.id") == "search"
    browser.run("document.activeElement.blur()")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    first, second = browser.run(
        "[...document.querySelectorAll('.gallery a')].slice(0, 2).map((each) => each.hash)"
    )
    assert browser.run("document.activeElement.hash") == second
    browser.run("document.activeElement.click()")
    browser.until("document.querySelector('.back')")
    browser.press("ArrowLeft")
    browser.until(f"location.hash === {first!r}")
    browser.press("Escape")
    browser.until("location.hash === '#/files/photos'")


@pytest.mark.parametrize("place", ["#/files/photos", f"#/file/{PICTURE}", "#/rules", "#/requests"])
def test_nothing_is_wider_than_a_phone(browser: Tab, runner: Runner, place: str) -> None:
    browser.show(360, 740)
    visit(browser, runner, place)
    assert browser.run("document.documentElement.scrollWidth") <= 360
    assert browser.run("document.querySelector('.viewer span').checkVisibility()"), "not read aloud"
    browser.show(1280, 900)


def test_the_policy_lets_no_script_in_and_none_is_needed(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/files/photos")
    injected = (
        "new Promise((done) => {"
        " addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective));"
        " import('data:text/javascript,1').catch(() => {}); })"
    )
    assert browser.run(injected) == "script-src-elem"


def requests_after(runner: Runner, number: int) -> list[dict[str, Any]]:
    """What the page lists as the last requests."""
    headers = {"Accept": "application/vnd.pocketfiles+json"}
    url = f"{runner.base}/?view=requests&after={number}"
    asked = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        found: list[dict[str, Any]] = json.load(answer)["requests"]
    return found


@in_each_browser
def test_each_browser_asks_for_the_pictures_of_the_gallery(
    browser: Browser, runner: Runner, tmp_path: Path
) -> None:
    before = max((each["number"] for each in requests_after(runner, 0)), default=0)
    command = browser.command(tmp_path / "profile", f"{runner.base}/#/files/photos")
    shown = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE
        types: list[str] = []
        while len(types) < 8 and time.monotonic() < end:
            time.sleep(0.2)
            came = requests_after(runner, before)
            types = [each["content_type"] for each in came if "/photos/" in each["target"]]
        assert len(types) >= 8
        assert "image/avif" in types
    finally:
        shown.terminate()
        shown.wait(PATIENCE)


def test_new_collections_and_users_are_shown_without_a_reload(browser: Tab, runner: Runner) -> None:
    visit(browser, runner, "#/files/photos")
    browser.run(
        "{ const real = fetch; window.fetch = async (...asked) => {"
        " const answer = await real(...asked);"
        " if (!String(asked[0]).includes('view=overview')) return answer;"
        " const value = await answer.json();"
        " const last = value.collections.find((each) => each.name === 'photos');"
        " value.collections.push({ ...last, id: 'new', name: 'brand_new' });"
        " value.users.push({ user: 'users/new', label: 'Newcomer' });"
        " return new Response(JSON.stringify(value)); }; }"
    )
    browser.run("location.hash = '#/files/users'")
    browser.until("[...document.querySelectorAll('.side a')].some((e) => e.text === 'brand_new')")
    assert "Newcomer" in browser.run("document.getElementById('user').innerText")


def test_more_files_come_for_as_long_as_their_end_is_near(browser: Tab, runner: Runner) -> None:
    browser.show(1280, 900)
    visit(browser, runner, "#/rules")
    browser.run(
        "{ const real = fetch; let number = 0; window.fetch = async (...asked) => {"
        " if (!String(asked[0]).includes('view=files')) return real(...asked);"
        " number += 1; const file = { collection: 'photos', record: `r${number}`,"
        " name: 'x.txt', field: 'any', protected: false, thumbs: [] };"
        " return new Response(JSON.stringify({ files: [file], next: number < 9 ? 'r' : '' })); }; }"
    )
    browser.run("location.hash = '#/files/photos'")
    browser.until("document.querySelectorAll('.gallery li').length === 9")
    assert browser.run("document.querySelector('.more').hidden")
