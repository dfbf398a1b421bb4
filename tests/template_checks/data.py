"""The bucket and the table: kept, closed, and to be had back."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.template_checks.reading import Template, branches

KEPT = ("FilesBucket", "FilesBucketPolicy", "CatalogueTable", "AuditLogGroup", "AuditLogStream")
"""What stays when the stack is deleted."""


def data_is_kept_and_closed(template: Template) -> Iterator[str]:
    for name in KEPT:
        body = template["Resources"].get(name, {})
        outlives_the_stack = body.get("DeletionPolicy") in {"Retain", "RetainExceptOnCreate"}
        outlives_its_replacement = body.get("UpdateReplacePolicy") == "Retain"
        if not outlives_the_stack or not outlives_its_replacement:
            yield f"{name} goes with the stack"
    yield from _openings_of(template["Resources"]["FilesBucket"]["Properties"])
    policy = template["Resources"]["FilesBucketPolicy"]["Properties"]["PolicyDocument"]
    stated = {each["Sid"]: each for each in branches(policy["Statement"])}
    tls_only = stated.get("TlsOnly", {})
    if tls_only.get("Condition") != {"Bool": {"aws:SecureTransport": "false"}}:
        yield "the bucket's policy does not demand TLS"
    lets_in_others = stated.keys() - {"TlsOnly", "ReadByCloudFront"}
    if lets_in_others or not _is_narrow(stated.get("ReadByCloudFront", {})):
        yield "the bucket's policy lets in more than this distribution, to files of records"


def _openings_of(bucket: Mapping[str, Any]) -> Iterator[str]:
    blocked = bucket.get("PublicAccessBlockConfiguration", {})
    if list(blocked.values()) != [True] * 4:
        yield "the bucket can be made public"
    has_no_acls = "BucketOwnerEnforced" in str(bucket.get("OwnershipControls"))
    if "BucketEncryption" not in bucket or not has_no_acls:
        yield "the bucket is not encrypted, or has ACLs"


def _is_narrow(reader: Mapping[str, Any]) -> bool:
    """Whether a statement lets this distribution read files of records, and does no more."""
    source = reader.get("Condition", {}).get("StringEquals", {}).get("AWS:SourceArn")
    return (
        reader.get("Action") == "s3:GetObject"
        and reader.get("Principal") == {"Service": "cloudfront.amazonaws.com"}
        and reader.get("Resource") == {"Fn::Sub": "${FilesBucket.Arn}/*/*/*"}
        and "distribution/${CdnDistribution}" in str(source)
    )


def the_table_can_be_had_back(template: Template) -> Iterator[str]:
    table = template["Resources"]["CatalogueTable"]["Properties"]
    if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
        yield "the table cannot be restored"
    if table.get("DeletionProtectionEnabled") is not True:
        yield "the table can be deleted by mistake"
