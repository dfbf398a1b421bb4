"""A stack with one permission, route or variable taken out: a probe must fail.

Prints for each what was taken out and which assertion failed. `make stack ARGS=--without` runs
these alone.
"""

from collections.abc import Iterable, Iterator, Sequence

import pytest

from tests.stack.deployment import HAS_EDGE, Stack, deploy
from tests.stack.emulator import Emulator
from tests.stack.probes import (
    BEHIND_CLOUDFRONT,
    COMMON,
    Probe,
    a_copy_under_a_name_soon_expires,
    a_file_token_is_issued,
    a_large_file_is_redirected_to_s3,
    a_protected_file_needs_the_right_token,
    a_public_file_is_served,
    a_public_file_reaches_no_function,
    a_share_of_the_successful_requests_is_logged,
    a_thumb_comes_in_the_format_that_the_client_accepts,
    a_token_is_refused_without_authorization,
    each_form_of_thumb_is_made_and_stored,
    each_request_is_logged_under_the_stacks_name,
    media_elements_get_ranges_or_redirects,
    nobody_goes_around_the_cdn,
    other_paths_are_404_in_our_words,
    protected_files_are_denied_when_no_sync_lives,
    thumbs_are_encoded_as_the_parameters_say,
    who_opened_a_protected_file_is_logged,
)
from tests.stack.removals import Removal, Workbench

PARAMETERS = {
    "AuditLogDays": "1",
    "Cdn": "no",
    "LogPercent": "1",
    "MaxSyncAgeSeconds": "8640000",
    "MediaRanges": "no",
    "RedirectSeconds": "600",
    "ThumbAvifQuality": "20",
    "ThumbFormats": "avif",
    "ThumbJpegQuality": "30",
    "ThumbPngTolerance": "0",
    "ThumbWebpQuality": "20",
}
"""Values other than the defaults, so that the lack of a variable shows."""

MISSED_BY: dict[str, Probe] = {
    "FilesRole dynamodb:BatchGetItem": a_protected_file_needs_the_right_token,
    "FilesRole dynamodb:GetItem": a_public_file_is_served,
    "FilesRole dynamodb:Query": a_public_file_is_served,
    "FilesRole logs:PutLogEvents": who_opened_a_protected_file_is_logged,
    "FilesRole s3:GetObject": a_public_file_is_served,
    "FilesRole s3:PutObject": each_form_of_thumb_is_made_and_stored,
    "TokensRole dynamodb:GetItem": a_file_token_is_issued,
    "TokensRole dynamodb:Query": a_file_token_is_issued,
    "route FilesFunction Everything": other_paths_are_404_in_our_words,
    "route TokensFunction Token": a_token_is_refused_without_authorization,
    "variable AUDIT_LOG_GROUP": who_opened_a_protected_file_is_logged,
    "variable AUDIT_LOG_STREAM": who_opened_a_protected_file_is_logged,
    "variable BUCKET_NAME": a_public_file_is_served,
    "variable LOG_PERCENT": a_share_of_the_successful_requests_is_logged,
    "variable MAX_SYNC_AGE_SECONDS": protected_files_are_denied_when_no_sync_lives,
    "variable MEDIA_RANGES": media_elements_get_ranges_or_redirects,
    "variable POWERTOOLS_SERVICE_NAME": each_request_is_logged_under_the_stacks_name,
    "variable REDIRECT_SECONDS": a_large_file_is_redirected_to_s3,
    "variable TABLE_NAME": a_public_file_is_served,
    "variable THUMB_AVIF_QUALITY": thumbs_are_encoded_as_the_parameters_say,
    "variable THUMB_FORMATS": a_thumb_comes_in_the_format_that_the_client_accepts,
    "variable THUMB_JPEG_QUALITY": thumbs_are_encoded_as_the_parameters_say,
    "variable THUMB_PNG_TOLERANCE": thumbs_are_encoded_as_the_parameters_say,
    "variable THUMB_WEBP_QUALITY": thumbs_are_encoded_as_the_parameters_say,
    "FilesBucketPolicy ReadByCloudFront": a_public_file_reaches_no_function,
    "variable CDN_DIRECT": a_copy_under_a_name_soon_expires,
    "variable ORIGIN_SECRET": nobody_goes_around_the_cdn,
}
"""The probe that notices, asked first. What is not listed is asked of all probes."""

DEFAULT = "config.py has the same default, which tests/test_template.py checks"
NO_KEY = "only a bucket with a KMS key needs it, and the emulator encrypts nothing"
NO_XRAY = "only tracing needs it, and the emulator has no X-Ray"
OWN_LOGS = "the emulator writes logs itself"
TIME = "it saves time alone"
BEHIND = "it does nothing without CloudFront; taken out of the stack with CloudFront"
NOT_NOTICED = {
    "CDN_DIRECT": BEHIND,
    "CATALOGUE_STALE_SECONDS": DEFAULT,
    "CATALOGUE_TTL_SECONDS": DEFAULT,
    "INLINE_LIMIT_BYTES": DEFAULT,
    "POWERTOOLS_LOG_LEVEL": "Powertools has the same default as the parameter",
    "RULE_MAX_BYTES": DEFAULT,
    "RULE_MAX_ROWS": DEFAULT,
    "RULE_MAX_STEPS": DEFAULT,
    "THUMB_MAX_OUTPUT_PIXELS": DEFAULT,
    "THUMB_MAX_PIXELS": DEFAULT,
    "THUMB_MAX_SOURCE_BYTES": DEFAULT,
    "TRUSTED_PROXIES": "it matters to superusers of some addresses alone; see tests/functions",
    "ORIGIN_SECRET": BEHIND,
    "MALLOC_MMAP_THRESHOLD_": TIME,
    "MALLOC_TRIM_THRESHOLD_": TIME,
    "kms:Decrypt": NO_KEY,
    "kms:GenerateDataKey": NO_KEY,
    "logs:CreateLogStream": OWN_LOGS,
    "TokensRole logs:PutLogEvents": OWN_LOGS,
    "route FilesFunction File": "the route $default leads to the same function",
    "s3:DeleteObject": "only a thumb whose original changes while it is made is deleted",
    "s3:ListBucket": "the emulator answers 404 for a missing key, whoever asks",
    "xray:PutTelemetryRecords": NO_XRAY,
    "xray:PutTraceSegments": NO_XRAY,
}
"""What no probe notices in the emulator, and why."""


def reason_not_to_notice(what: str) -> str:
    """Why nothing notices that this is taken out; empty for what must be noticed."""
    return NOT_NOTICED.get(what) or NOT_NOTICED.get(what.rsplit(maxsplit=1)[-1], "")


def first_failure(stack: Stack, probes: Sequence[Probe]) -> str:
    """The first probe that fails, and its assertion; empty if none does."""
    for probe in probes:
        try:
            probe(stack)
        except Exception as error:
            lines = str(error).splitlines() or [type(error).__name__]
            return f"{probe.__name__}: {lines[0][:120]}"
    return ""


def outcomes(
    stack: Stack, removals: Iterable[Removal], probes: Sequence[Probe]
) -> Iterator[tuple[str, str]]:
    """What was taken out, and the failure that shows it, if any."""
    for what, taken_out in removals:
        likely = [MISSED_BY[what]] if what in MISSED_BY else []
        with taken_out():
            yield what, first_failure(stack, [*likely, *probes])


def report(capsys: pytest.CaptureFixture[str], what: str, outcome: str) -> None:
    with capsys.disabled():
        print(f"without {what:44}{outcome}", flush=True)


def test_whatever_is_taken_out_of_a_function_is_missed(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = deploy(emulator, "without", PARAMETERS)
    stack.sync_demo()
    assert first_failure(stack, COMMON) == ""
    removals = dict(Workbench(stack).removals())
    reasons = {what: reason_not_to_notice(what) for what in removals}
    for what in sorted(filter(reasons.get, removals)):
        report(capsys, what, f"not noticed: {reasons[what]}")
    tried = [(what, removals[what]) for what in removals if not reasons[what]]
    unnoticed = []
    for what, failure in outcomes(stack, tried, COMMON):
        report(capsys, what, failure or "NOT NOTICED")
        unnoticed += [] if failure else [what]
    assert first_failure(stack, COMMON) == ""
    stack.discard()
    assert unnoticed == []


@pytest.mark.skipif(not HAS_EDGE, reason="the edge functions need Node")
def test_whatever_is_taken_out_of_cloudfront_is_missed(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = deploy(emulator, "without-cloudfront", {})
    stack.import_demo()
    probes = [*BEHIND_CLOUDFRONT, a_public_file_reaches_no_function]
    assert first_failure(stack, probes) == ""
    bench = Workbench(stack)
    removals: list[Removal] = [
        (
            "FilesBucketPolicy ReadByCloudFront",
            lambda: bench.without_bucket_statement("ReadByCloudFront"),
        ),
        ("variable CDN_DIRECT", lambda: bench.without_variable("CDN_DIRECT")),
        ("variable ORIGIN_SECRET", lambda: bench.without_variable("ORIGIN_SECRET")),
    ]
    unnoticed = []
    for what, failure in outcomes(stack, removals, probes):
        report(capsys, what, failure or "NOT NOTICED")
        unnoticed += [] if failure else [what]
    assert first_failure(stack, probes) == ""
    stack.discard()
    assert unnoticed == []
