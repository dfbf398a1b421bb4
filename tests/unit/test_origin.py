import json

import pytest

from pocketfiles.addresses import networks
from pocketfiles.errors import Forbidden
from pocketfiles.origin import SUSPICIOUS_REFUSALS, Origin, accepted_secrets
from tests.fakes import request

NEW, OLD = "n" * 40, "o" * 40
ORIGIN = (NEW, OLD)


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("", None),
        (json.dumps({"current": NEW, "previous": OLD}), (NEW, OLD)),
        (json.dumps({"current": NEW, "previous": ""}), (NEW,)),
        (json.dumps({"current": NEW}), (NEW,)),
        (json.dumps({"current": "short", "previous": OLD}), (OLD,)),
        ("{}", ()),
        ('{"current": ""}', ()),
        ('{"current": 7, "previous": null}', ()),
        ("[]", ()),
        (json.dumps(NEW), ()),
        (NEW, ()),
        ("{{resolve:secretsmanager:origin}}", ()),
        ("[" * 100_000, ()),
    ],
)
def test_the_secret_has_a_current_and_a_previous_value(
    text: str, accepted: tuple[str, ...] | None
) -> None:
    assert accepted_secrets(text) == accepted


def test_the_secret_header_is_checked_and_removed() -> None:
    admitted = Origin(ORIGIN).admit(request(x_origin_secret=NEW, accept="*/*"))
    assert admitted.headers == {"accept": "*/*"}


def test_the_previous_secret_is_valid_during_a_rotation() -> None:
    assert Origin(ORIGIN).admit(request(x_origin_secret=OLD))


@pytest.mark.parametrize("shown", ["wrong", NEW.upper(), NEW + "n", NEW[1:], "ä"])
def test_a_request_without_a_valid_secret_is_forbidden(shown: str) -> None:
    with pytest.raises(Forbidden) as caught:
        Origin(ORIGIN).admit(request(x_origin_secret=shown))
    assert not caught.value.operator_must_act


@pytest.mark.parametrize("headers", [{}, {"x_origin_secret": ""}])
def test_a_request_past_cloudfront_is_forbidden_and_never_alarms(headers: dict[str, str]) -> None:
    origin = Origin(ORIGIN)
    for _ in range(2 * SUSPICIOUS_REFUSALS):
        with pytest.raises(Forbidden) as caught:
            origin.admit(request(**headers))
        assert not caught.value.operator_must_act


@pytest.mark.parametrize("shown", [{}, {"x_origin_secret": ""}, {"x_origin_secret": NEW}])
def test_functions_without_a_usable_secret_admit_nobody_and_call_an_operator(
    shown: dict[str, str],
) -> None:
    with pytest.raises(Forbidden) as caught:
        Origin(()).admit(request(**shown))
    assert caught.value.operator_must_act


def test_only_wrong_secrets_in_a_row_call_an_operator() -> None:
    origin = Origin(ORIGIN)
    alarms = []
    for shown in [*["w" * 40] * SUSPICIOUS_REFUSALS, NEW, "w" * 40]:
        try:
            origin.admit(request(x_origin_secret=shown))
        except Forbidden as refusal:
            alarms.append(refusal.operator_must_act)
    assert alarms == [*[False] * (SUSPICIOUS_REFUSALS - 1), True, False]


@pytest.mark.parametrize(
    ("shown", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::1:46532", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1:443", "2001:db8::1"),
        ("[2001:db8::1]:46532", "2001:db8::1"),
        ("198.51.100.10", ""),
        ("nonsense:1", ""),
        (":", ""),
        ("", ""),
        ("203.0.113.9, 198.51.100.10:46532", ""),
    ],
)
def test_cloudfronts_viewer_address_is_the_clients_address(shown: str, address: str) -> None:
    admitted = Origin(ORIGIN).admit(request(x_origin_secret=NEW, cloudfront_viewer_address=shown))
    assert (admitted.address, admitted.headers) == (address, {})


def test_behind_cloudfront_no_other_header_says_who_the_client_is() -> None:
    """Not even the peer's address, which is CloudFront's own."""
    sent = request(x_origin_secret=NEW, x_forwarded_for="198.51.100.1", x_real_ip="198.51.100.1")
    proxies = networks("192.0.2.7")
    assert Origin(ORIGIN, proxies).admit(sent).address == ""


def test_without_cloudfront_every_request_is_admitted_unchanged() -> None:
    sent = request(
        x_origin_secret="x",
        cloudfront_viewer_address="198.51.100.10:1",
        x_forwarded_for="198.51.100.10",
    )
    assert Origin(None).admit(sent) == sent


def test_without_cloudfront_a_trusted_proxy_says_who_the_client_is() -> None:
    sent = request(x_forwarded_for="198.51.100.10, 192.0.2.7", x_real_ip="203.0.113.1")
    assert Origin(None, networks("192.0.2.7")).admit(sent).address == "198.51.100.10"
    assert Origin(None, networks("192.0.2.8")).admit(sent).address == "192.0.2.7"
