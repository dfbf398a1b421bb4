"""CloudFront's API as far as ``admin`` calls it: invalidations, which reach the local edge.

The stand-in for AWS (local/stand_in.py) serves it to the runner's own credentials.
"""

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

DISTRIBUTION_ID = "LOCALEDGE"
VERSION = "/2020-05-31"
NAMESPACE = f"http://cloudfront.amazonaws.com/doc{VERSION}/"
PATH = f"{VERSION}/distribution/{DISTRIBUTION_ID}/invalidation"

Invalidate = Callable[[str], object]
"""Forgets the copies whose URI matches a path."""


class Invalidations:
    """A WSGI application for ``CreateInvalidation`` of the one distribution there is.

    It passes each path to every cache that was added.
    """

    def __init__(self) -> None:
        self._caches: list[Invalidate] = []

    def add(self, invalidate: Invalidate) -> None:
        """Let a cache hear of invalidations."""
        self._caches.append(invalidate)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request, as CloudFront would."""
        if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) != ("POST", PATH):
            return _answer(start_response, "404 Not Found", _error("NoSuchDistribution"))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        batch = ElementTree.fromstring(body)  # noqa: S314 - from holders of the runner's own key
        for path in batch.iter(f"{{{NAMESPACE}}}Path"):
            for invalidate in self._caches:
                invalidate(path.text or "")
        return _answer(start_response, "201 Created", _created(batch))


def _created(batch: ElementTree.Element) -> ElementTree.Element:
    created = ElementTree.Element("Invalidation")
    ElementTree.SubElement(created, "Id").text = uuid.uuid4().hex
    ElementTree.SubElement(created, "Status").text = "Completed"
    ElementTree.SubElement(created, "CreateTime").text = datetime.now(UTC).isoformat()
    created.append(batch)
    return created


def _error(code: str) -> ElementTree.Element:
    response = ElementTree.Element("ErrorResponse")
    error = ElementTree.SubElement(response, "Error")
    ElementTree.SubElement(error, "Code").text = code
    return response


def _answer(
    start_response: Callable[..., Any], status: str, root: ElementTree.Element
) -> list[bytes]:
    body = ElementTree.tostring(root, default_namespace=None)
    headers = [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
