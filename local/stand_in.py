"""The stand-in for S3 and DynamoDB: moto behind the checks that keep other programs and pages out.

It holds what a data directory holds: password hashes, token keys, secrets. It answers only

* requests for a host name of this machine, against DNS rebinding,
* requests that are signed with the runner's own credentials, which are random for each run,
* requests without an ``Origin``, except for the presigned URLs that the API redirects browsers to.

moto's own paths (``/moto-api/reset``) and all other services are refused.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from moto.moto_server.werkzeug_app import create_backend_app

from local.signature import Credentials, Signature, SignedRequest, is_valid, read_signature

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
NO_OTHERS: Mapping[str, Application] = {}

MAX_DYNAMODB_BYTES = 16 * 1024 * 1024
"""DynamoDB's limit for a request, whose body is read to verify the signature."""


class StandIn:
    """A WSGI application. ``names``: the host names it answers to, and those below them.

    ``others``: applications for other services, by the name that requests are signed for.
    """

    def __init__(
        self,
        credentials: Credentials,
        names: Iterable[str] = LOOPBACK_NAMES,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        others: Mapping[str, Application] = NO_OTHERS,
    ) -> None:
        self._credentials = credentials
        self._names = tuple(names)
        self._clock = clock
        self._services: Mapping[str, Application] = {
            "s3": create_backend_app("s3"),
            "dynamodb": create_backend_app("dynamodb"),
            **others,
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Pass an allowed request on to moto; refuse any other with a 403."""
        request = _signed_request(environ)
        signature = read_signature(request)
        if signature is None or not self._is_allowed(environ, request, signature):
            return _refuse(environ, start_response)
        if signature.expires_seconds is not None and "HTTP_AUTHORIZATION" in environ:
            return _refuse_two_mechanisms(start_response)
        return self._services[signature.service](environ, start_response)

    def _is_allowed(self, environ: Environ, request: SignedRequest, signature: Signature) -> bool:
        is_presigned = signature.service == "s3" and signature.expires_seconds is not None
        return (
            signature.service in self._services
            and self._is_own_name(environ.get("HTTP_HOST", ""))
            and ("HTTP_ORIGIN" not in environ or is_presigned)
            and not request.path.startswith("/moto-api")
            and is_valid(signature, request, self._credentials, self._clock())
        )

    def _is_own_name(self, host: str) -> bool:
        name = host.rpartition(":")[0] or host
        return any(name == own or name.endswith(f".{own}") for own in self._names)


def _signed_request(environ: Environ) -> SignedRequest:
    """The request as its client signed it."""
    method = environ["REQUEST_METHOD"]
    if method == "OPTIONS":  # a preflight of a presigned URL asks for the method that was signed
        method = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", method)
    path, _, query = environ["REQUEST_URI"].partition("?")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    return SignedRequest(method, path, query, headers, _body_sha256(environ, headers))


def _body_sha256(environ: Environ, headers: Mapping[str, str]) -> str:
    """The body's hash, where the client does not send it (S3's clients do)."""
    if "x-amz-content-sha256" in headers or "authorization" not in headers:
        return ""
    length = headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_DYNAMODB_BYTES:
        return hashlib.sha256(b"").hexdigest()
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return hashlib.sha256(body).hexdigest()


def _refuse_two_mechanisms(start_response: StartResponse) -> Iterable[bytes]:
    """S3's answer to a presigned URL that is asked for with ``Authorization`` as well."""
    reason = (
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
        "query string parameter or the Authorization header should be specified"
    )
    body = f"<Error><Code>InvalidArgument</Code><Message>{reason}</Message></Error>".encode()
    headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start_response("400 Bad Request", headers)
    return [body]


def _refuse(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The error that SDKs raise for a wrong access key, by service."""
    reason = "the local S3 and DynamoDB answer only the credentials of the running `make run`"
    if "HTTP_X_AMZ_TARGET" in environ:
        content_type = "application/x-amz-json-1.0"
        text = json.dumps({"__type": "UnrecognizedClientException", "message": reason})
    else:
        content_type = "application/xml"
        code = "InvalidAccessKeyId"
        text = f"<Error><Code>{code}</Code><Message>{reason}</Message></Error>"
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else text.encode()
    length = str(len(body))
    start_response("403 Forbidden", [("Content-Type", content_type), ("Content-Length", length)])
    return [body]
