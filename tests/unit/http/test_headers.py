import re

import pytest

from pocketfiles.http import headers


@pytest.mark.parametrize(
    ("name", "stored", "sent"),
    [
        ("a.txt", "text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("a.svg", "text/xml", "image/svg+xml"),
        ("a.SVG", "text/xml", "text/xml"),
        ("a.svg.txt", "text/plain", "text/plain"),
        ("a.css", "text/plain", "text/css"),
        ("a.js", "text/plain", "text/javascript"),
        ("a.mjs", "text/plain", "text/javascript"),
        (
            "a.xlsx",
            "application/zip",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            "a.docx",
            "application/zip",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "a.pptx",
            "application/zip",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        ("noext", "image/png", "image/png"),
        ("a.bin", "evil\r\nx: y", "evilx: y"),
    ],
)
def test_the_stored_type_is_sent_unless_the_extension_decides(
    name: str, stored: str, sent: str
) -> None:
    assert headers.content_type(name, stored) == sent


@pytest.mark.parametrize("value", ["1", "t", "T", "true", "TRUE", "True"])
def test_true_values_of_download(value: str) -> None:
    assert headers.is_true(value)


@pytest.mark.parametrize("value", ["0", "f", "false", "yes", "on", "tRUE", "2", " 1", "1 ", ""])
def test_false_values_of_download(value: str) -> None:
    assert not headers.is_true(value)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("plain_1.txt", "filename=plain_1.txt"),
        ("a*b+c#d.txt", "filename=a*b+c#d.txt"),
        ("a b.txt", 'filename="a b.txt"'),
        ("x=y.txt", 'filename="x=y.txt"'),
        ('q"uo\\te.txt', 'filename="q\\"uo\\\\te.txt"'),
        ("ä😀.txt", "filename=\"__.txt\"; filename*=UTF-8''%C3%A4%F0%9F%98%80.txt"),
        ("a%20b;c.txt", "filename=\"a%20b;c.txt\"; filename*=UTF-8''a%2520b%3Bc.txt"),
        ("a\r\nb", "filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"),
    ],
)
def test_a_name_is_quoted_unless_it_is_a_token(name: str, written: str) -> None:
    assert headers.disposition(name, "image/png", download=False) == f"inline; {written}"


@pytest.mark.parametrize(
    ("stored", "download", "kind"),
    [
        ("image/png", False, "inline"),
        ("image/png", True, "attachment"),
        ("application/pdf", False, "inline"),
        ("image/svg+xml", False, "attachment"),
        ("text/html; charset=utf-8", False, "attachment"),
        ("image/png; x=y", False, "attachment"),
        ("audio/mpeg", False, "inline"),
        ("video/mp4", False, "inline"),
        ("audio/flac", False, "attachment"),
    ],
)
def test_only_listed_types_are_shown_inline(stored: str, download: bool, kind: str) -> None:
    assert headers.disposition("f", stored, download=download) == f"{kind}; filename=f"


ACTIVE = re.compile("html|xml|svg|javascript|ecmascript|jscript|css|xsl|wasm|json|text/", re.I)
"""Types that a browser may run, or that style or script something else."""


def test_no_type_that_can_run_scripts_is_on_the_inline_list() -> None:
    assert [each for each in headers.INLINE if ACTIVE.search(each)] == []
