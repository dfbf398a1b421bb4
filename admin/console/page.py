"""The page itself: one HTML document with its style and script inside, and nothing from elsewhere.

The policy (CSP level 3) names the style and the script by their hashes, so that nothing else runs,
whatever a file or a record is called.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """The document, and the hashes of what it has inside."""

    body: bytes
    style_hash: str
    script_hash: str

    def policy(self, origins: Iterable[str]) -> str:
        """The Content-Security-Policy. ``origins``: where files come from besides this one."""
        files = " ".join(("'self'", *origins))
        directives = (
            "default-src 'none'",
            f"script-src '{self.script_hash}'",
            f"style-src '{self.style_hash}'",
            f"img-src {files} blob: data:",
            f"media-src {files} blob:",
            f"connect-src {files}",
            "require-trusted-types-for 'script'",  # no text ever becomes HTML
            "trusted-types 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
        return "; ".join(directives)


@cache
def load() -> Page:
    """The page, read once."""
    style = (_FOLDER / "page.css").read_text()
    script = (_FOLDER / "page.js").read_text()
    document = (_FOLDER / "page.html").read_text()
    document = document.replace("/* style */", style).replace("/* script */", script)
    return Page(document.encode(), _hash(style), _hash(script))


def _hash(text: str) -> str:
    """The hash of an inline element's text, as a policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
