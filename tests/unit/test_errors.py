import pytest

from pocketfiles import errors


@pytest.mark.parametrize(
    ("refusal", "status", "body"),
    [
        (
            errors.NotFound,
            404,
            b'{"data":{},"message":"The requested resource wasn\'t found.","status":404}\n',
        ),
        (
            errors.UnknownCollection,
            404,
            b'{"data":{},"message":"Missing or invalid collection context.","status":404}\n',
        ),
        (
            errors.StorageUnavailable,
            400,
            b'{"data":{},"message":"Filesystem initialization failure.","status":400}\n',
        ),
        (
            errors.TokenNotIssued,
            400,
            b'{"data":{},"message":"Failed to generate file token.","status":400}\n',
        ),
        (
            errors.Unauthenticated,
            401,
            b'{"data":{},"message":"The request requires valid record authorization token.",'
            b'"status":401}\n',
        ),
        (
            errors.Forbidden,
            403,
            b'{"data":{},"message":"You are not allowed to perform this request.","status":403}\n',
        ),
        (
            errors.Overloaded,
            503,
            b'{"data":{},"message":"The service is busy. Please try again.","status":503}\n',
        ),
    ],
)
def test_each_refusal_has_its_status_and_body(
    refusal: type[errors.Refusal], status: int, body: bytes
) -> None:
    refused = refusal("a private reason")
    assert (refused.status, refused.body()) == (status, body)
    assert refused.reason == "a private reason"
