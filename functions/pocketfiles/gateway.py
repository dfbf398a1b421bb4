"""API Gateway's payload 2.0: from an event to a request, and from a reply to a response."""

import base64
from collections.abc import Mapping
from typing import Any, TypeAlias

from pocketfiles.http import cors
from pocketfiles.http.messages import Reply, Request
from pocketfiles.http.query import parse_query

Event: TypeAlias = Mapping[str, Any]


def request_of(event: Event) -> Request:
    """The request of a payload-2.0 event.

    Header names are lowered here, because ``sam local`` does not lower them. The event lists
    cookies separately; they are joined into the ``cookie`` header again.
    """
    http = event["requestContext"]["http"]
    text = event.get("body") or ""
    raw_query = event.get("rawQueryString") or ""
    sent_headers = event.get("headers") or {}
    headers = {name.lower(): value for name, value in sent_headers.items()}
    if event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    return Request(
        method=http["method"],
        path=event["rawPath"],
        query=parse_query(raw_query),
        headers=headers,
        address=http.get("sourceIp") or "",
        body=base64.b64decode(text) if event.get("isBase64Encoded") else text.encode(),
        raw_query=raw_query,
    )


def render(request: Request, reply: Reply) -> dict[str, Any]:
    """The payload-2.0 response. Bodies are sent as base64, which is safe for any bytes.

    API Gateway sets Content-Length from the body, so only a response to HEAD sets it here.
    """
    headers = dict(reply.headers)
    if request.method != "OPTIONS":
        headers |= cors.response_headers(request.headers, headers.get("vary", ""))
    if request.method == "HEAD":
        if reply.length is not None:
            headers["content-length"] = str(reply.length)
        return {
            "statusCode": reply.status,
            "headers": headers,
            "body": "",
            "isBase64Encoded": False,
        }
    body = base64.b64encode(reply.body).decode("ascii")
    return {"statusCode": reply.status, "headers": headers, "body": body, "isBase64Encoded": True}
