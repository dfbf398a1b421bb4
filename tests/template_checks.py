"""What a linter cannot know of template.yaml: that it fits the code, and that it gives away
nothing.

Each check takes a parsed template and yields what is wrong with it, in words. The template must
have no such fault; with a variable, a permission or a route taken out it must have one.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader

from local.intrinsics import Resolver
from pocketfiles import aws, origin
from pocketfiles.config import Settings

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = ROOT / "functions"
Template = dict[str, Any]
Check = Callable[[Template], Iterator[str]]

GATEWAY_SECONDS = 30
LAMBDA_ANSWER_BYTES = 6 * 1024 * 1024 + 100
ROUTES = {
    ("FilesFunction", "$default"),
    ("FilesFunction", "ANY /api/files/{collection}/{record}/{filename}"),
    ("TokensFunction", "POST /api/files/token"),
}
READ_BY_LIBRARIES = re.compile(
    "POWERTOOLS_.*|AWS_ENDPOINT_URL|MALLOC_.*"
)  # by Powertools, botocore and libc
STAR_AND_WHY = {
    ("ReadFiles", "arn:${AWS::Partition}:s3:::${Bucket}/*"): "every file may be asked for",
    (
        "WriteThumbs",
        "arn:${AWS::Partition}:s3:::${Bucket}/*/*/thumbs_*/*",
    ): "thumbs lie in a folder beside each file",
    ("Trace", "*"): "X-Ray supports no narrower resource",
}
"""Statements by Sid whose resource may contain a wildcard."""
KEPT = ("FilesBucket", "FilesBucketPolicy", "CatalogueTable", "AuditLogGroup", "AuditLogStream")
"""What stays when the stack is deleted."""
AUDIT_LOGS = {"FilesFunction": ["AuditLogGroup"]}
"""The log groups that a function writes to besides its own."""
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
BUCKET_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
BLOCKS_UPLOADS = {
    "CrossSiteScripting_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY",
}
"""Rules of AWS's common rule set that block uploads to PocketBase behind the distribution."""
BLOCKS_FILE_REQUESTS = {
    "GenericLFI_URIPATH",
    "GenericRFI_QUERYARGUMENTS",
    "NoUserAgent_HEADER",
    "RestrictedExtensions_URIPATH",
    "SizeRestrictions_QUERYSTRING",
}
"""Rules of AWS's common rule set that block requests for files."""
TOKENS_NEED = {"dynamodb:GetItem", "dynamodb:Query"}  # the catalogue, and the record that asks


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: body for name, body in template["Resources"].items() if body["Type"] == kind}


def functions(template: Template) -> dict[str, Any]:
    """Each function's properties, the common ones included."""
    common = template["Globals"]["Function"]
    merged = {}
    for name, body in of_type(template, "AWS::Serverless::Function").items():
        own = body["Properties"]
        variables = {
            part: value
            for source in (common, own)
            for part, value in source.get("Environment", {}).get("Variables", {}).items()
        }
        merged[name] = {**common, **own, "Environment": variables}
    return merged


def environment(template: Template, function: str) -> dict[str, str]:
    """A function's variables as a deployment with every default has them."""
    values = Resolver(template).resolve(functions(template)[function]["Environment"])
    return {name: str(value) for name, value in values.items()}


class Recorder(dict[str, str]):
    """A mapping that remembers what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def statements(template: Template, owner: str) -> list[dict[str, Any]]:
    """What a role, or a policy of its own, states."""
    properties = template["Resources"][owner]["Properties"]
    given = branches(properties.get("Policies", []))
    policies = [properties] if "PolicyDocument" in properties else given
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def branches(value: Any) -> list[Any]:
    """All that a list holds under some condition: the branches of each ``!If`` in it, but no
    ``NoValue``.
    """
    found = []
    for each in listed(value):
        match each:
            case {"Fn::If": [_, *alternatives]}:
                found += [inner for branch in alternatives for inner in branches(branch)]
            case {"Ref": "AWS::NoValue"}:
                pass
            case _:
                found.append(each)
    return found


def allowed(template: Template, role: str) -> set[str]:
    return {
        action for statement in statements(template, role) for action in listed(statement["Action"])
    }


def resource_text(resource: Any) -> str:
    """A statement's resource as it is written: the text of a !Sub, or ``Name.Arn``."""
    match resource:
        case {"Fn::Sub": [text, _]} | {"Fn::Sub": text}:
            return str(text)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
    return str(resource)


def called(module: str, service: str) -> set[str]:
    """The permissions for every operation of an AWS service that a module names."""
    operations = Loader().load_service_model(service, "service-2")["operations"]
    actions = {xform_name(operation): f"{service}:{operation}" for operation in operations}
    actions |= {"head_object": "s3:GetObject", "head_bucket": "s3:ListBucket"}  # those have no own
    names = set()
    for node in ast.walk(ast.parse((FUNCTIONS / module).read_text())):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return {actions[name] for name in names & set(actions)}


def handlers_exist(template: Template) -> Iterator[str]:
    for name, function in functions(template).items():
        found = re.fullmatch(r"(\w+)\.app\.handler", function["Handler"])
        module = FUNCTIONS / found[1] / "app.py" if found else None
        if module is None or not module.is_file():
            yield f"{name}: no handler {function['Handler']}"
        elif "handler" not in {
            getattr(node, "name", "") for node in ast.parse(module.read_text()).body
        }:
            yield f"{name}: {module.parent.name}/app.py has no handler"


def routes_are_the_apis(template: Template) -> Iterator[str]:
    found = set()
    for name, function in functions(template).items():
        for event in function.get("Events", {}).values():
            given = event["Properties"]
            if event["Type"] != "HttpApi" or given["ApiId"] != {"Ref": "Api"}:
                yield f"{name} has an event outside the API"
            key = f"{given['Method']} {given['Path']}" if "Path" in given else "$default"
            found.add((name, key))
    yield from (f"no route {key} of {name}" for name, key in sorted(ROUTES - found))
    yield from (f"unknown route {key} of {name}" for name, key in sorted(found - ROUTES))


OF_THE_STACK = {"table_name", "bucket_name", "origin_secret", "cdn_direct"}
"""Settings that say what the stack consists of; without one there is no CloudFront."""

SET_BY_LAMBDA = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}


def variables_are_read_and_set(template: Template) -> Iterator[str]:
    needed = Settings.from_env(Recorder({"TABLE_NAME": "t", "BUCKET_NAME": "b"}), files=True)
    given_anywhere: set[str] = set()
    read_anywhere: set[str] = set()
    for name, files in {"FilesFunction": True, "TokensFunction": False}.items():
        given = environment(template, name)
        names = {each for each in given if not READ_BY_LIBRARIES.fullmatch(each)}
        recorder = Recorder({"TABLE_NAME": "t", "BUCKET_NAME": "b", **given})
        settings = Settings.from_env(recorder, files=files)
        yield from (
            f"{name} is given {each}, which nobody reads" for each in sorted(names - recorder.asked)
        )
        given_anywhere |= names
        read_anywhere |= recorder.asked
        if not names >= {"TABLE_NAME"} | ({"BUCKET_NAME"} if files else set()):
            yield f"{name} lacks the name of its table or bucket"
        for field in set(vars(settings)) - OF_THE_STACK:
            if getattr(settings, field) != getattr(needed, field):
                yield f"{name}: {field} has another default than config.py"
    unset = read_anywhere - given_anywhere - SET_BY_LAMBDA
    yield from (f"{each} is read and never set" for each in sorted(unset))


def limits_fit_each_other(template: Template) -> Iterator[str]:
    slowest_call = aws.Timeouts().worst_case
    for name, function in functions(template).items():
        if not slowest_call < function["Timeout"] < GATEWAY_SECONDS:
            yield f"{name}: a timeout of {function['Timeout']} s"
    files = environment(template, "FilesFunction")
    if int(files["INLINE_LIMIT_BYTES"]) * 4 / 3 + 16_384 > LAMBDA_ANSWER_BYTES:
        yield "an inline answer may be too large for Lambda"
    memory = template["Parameters"]["MemorySize"]["Default"] * 1024 * 1024
    if 4 * int(files["THUMB_MAX_PIXELS"]) * 2 + int(files["THUMB_MAX_SOURCE_BYTES"]) > memory / 2:
        yield "the largest picture may not fit into memory"


def functions_may_do_what_they_do(template: Template) -> Iterator[str]:
    calls = called("pocketfiles/storage.py", "s3") | called(
        "pocketfiles/catalogue/table.py", "dynamodb"
    )
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    needs = {
        "FilesFunction": (
            "FilesRole",
            calls | {"s3:ListBucket"} | logs | TRACES | BUCKET_KEY,
        ),  # ListBucket: 404 for a missing key
        "TokensFunction": ("TokensRole", TOKENS_NEED | logs | TRACES),
    }
    for name, (role, actions) in needs.items():
        if functions(template)[name].get("Role") != {"Fn::GetAtt": [role, "Arn"]}:
            yield f"{name} has not its own role"
        has = allowed(template, role)
        yield from (f"{role} lacks {action}" for action in sorted(actions - has))
        yield from (f"{role} has {action} for nothing" for action in sorted(has - actions))


def nothing_is_allowed_at_large(template: Template) -> Iterator[str]:
    roles = of_type(template, "AWS::IAM::Role")
    for owner in roles | of_type(template, "AWS::IAM::Policy"):
        for statement in statements(template, owner):
            yield from (f"{owner}: {fault}" for fault in at_large(statement))
    for role, body in roles.items():
        if body["Properties"].get("ManagedPolicyArns"):
            yield f"{role} has policies that others wrote"


def at_large(statement: Mapping[str, Any]) -> Iterator[str]:
    """What a statement gives beyond named actions on named resources."""
    if set(statement) - {"Sid"} != {"Effect", "Action", "Resource"}:
        yield "a statement by exclusion or on a condition"
        return
    resources = [resource_text(each) for each in listed(statement["Resource"])]
    actions = listed(statement["Action"])
    yield from (f"the action {each}" for each in actions if "*" in each)
    for resource in resources:
        if "*" in resource and (statement.get("Sid"), resource) not in STAR_AND_WHY:
            yield f"the resource {resource}"
    writes = {"s3:PutObject", "s3:DeleteObject"} & set(actions)
    if writes and not all(each.endswith("/*/*/thumbs_*/*") for each in resources):
        yield "writes more than thumbs"


def logs_are_narrow_and_end(template: Template) -> Iterator[str]:
    for name, function in functions(template).items():
        group = function.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref")
        if group not in template["Resources"]:
            yield f"{name} has no log group of its own"
        writes = [
            s for s in statements(template, function["Role"]["Fn::GetAtt"][0]) if "logs:" in str(s)
        ]
        groups = [group, *AUDIT_LOGS.get(name, [])]
        if [resource_text(each["Resource"]) for each in writes] != [f"{one}.Arn" for one in groups]:
            yield f"{name} may write to other logs than {', '.join(groups)}"
    for name, body in of_type(template, "AWS::Logs::LogGroup").items():
        if "RetentionInDays" not in body["Properties"]:
            yield f"{name} is kept for ever"
    written = template["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    if re.search(r"(?i)query|authoriz|requestOverride|\.header", written):
        yield "the access log may hold a token"


def data_is_kept_and_closed(template: Template) -> Iterator[str]:
    for name in KEPT:
        body = template["Resources"].get(name, {})
        kept = {"Retain", "RetainExceptOnCreate"}
        if body.get("DeletionPolicy") not in kept or body.get("UpdateReplacePolicy") != "Retain":
            yield f"{name} goes with the stack"
    bucket = template["Resources"]["FilesBucket"]["Properties"]
    if list(bucket.get("PublicAccessBlockConfiguration", {}).values()) != [True] * 4:
        yield "the bucket can be made public"
    if "BucketEncryption" not in bucket or "BucketOwnerEnforced" not in str(
        bucket.get("OwnershipControls")
    ):
        yield "the bucket is not encrypted, or has ACLs"
    policy = template["Resources"]["FilesBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    stated = {each["Sid"]: each for each in branches(policy)}
    if stated.get("TlsOnly", {}).get("Condition") != {"Bool": {"aws:SecureTransport": "false"}}:
        yield "the bucket's policy does not demand TLS"
    reader = stated.get("ReadByCloudFront", {})
    source = str(reader.get("Condition", {}).get("StringEquals", {}).get("AWS:SourceArn"))
    if (
        stated.keys() - {"TlsOnly", "ReadByCloudFront"}
        or reader.get("Action") != "s3:GetObject"
        or reader.get("Principal") != {"Service": "cloudfront.amazonaws.com"}
        or reader.get("Resource") != {"Fn::Sub": "${FilesBucket.Arn}/*/*/*"}
        or "distribution/${CdnDistribution}" not in source
    ):
        yield "the bucket's policy lets in more than this distribution, to files of records"


def the_table_can_be_had_back(template: Template) -> Iterator[str]:
    table = template["Resources"]["CatalogueTable"]["Properties"]
    if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
        yield "the table cannot be restored"
    if table.get("DeletionProtectionEnabled") is not True:
        yield "the table can be deleted by mistake"


def parameters_are_explained_and_bounded(template: Template) -> Iterator[str]:
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    if sorted(grouped) != sorted(template["Parameters"]) or set(grouped) != set(
        interface["ParameterLabels"]
    ):
        yield "the interface does not list every parameter once"
    documented = (ROOT / "docs/production.md").read_text()
    for name, parameter in template["Parameters"].items():
        default = "(empty)" if parameter.get("Default") in {None, ""} else parameter["Default"]
        description = parameter.get("Description", "").rstrip(".")
        if f"| `{name}` | {default} | {description} |" not in documented:
            yield f"{name} with its default and description is not in docs/production.md"
        if not parameter.get("Description", "").endswith("."):
            yield f"{name} has no description"
        if "Default" not in parameter:
            yield f"{name} has no default"
        if not {"AllowedPattern", "AllowedValues", "MinValue"} & parameter.keys():
            yield f"{name} takes anything"


def outputs_tell_the_url(template: Template) -> Iterator[str]:
    outputs = template.get("Outputs", {})
    url = str(outputs.get("Url", {}).get("Value"))
    for host in (
        "${CdnDomainName}",
        "${CdnDistribution.DomainName}",
        "${Api}.execute-api.${AWS::Region}",
    ):
        if f"https://{host}" not in url:
            yield f"no output gives the URL at {host}"
    yield from (f"no output {name}" for name in ("BucketName", "TableName") if name not in outputs)
    yield from (
        f"{name} has no description"
        for name, output in outputs.items()
        if "Description" not in output
    )


def the_edge_keeps_no_secret(template: Template) -> Iterator[str]:
    distribution = template["Resources"]["CdnDistribution"]["Properties"]["DistributionConfig"]
    policy = template["Resources"]["CdnCachePolicy"]["Properties"]["CachePolicyConfig"]
    if policy["MinTTL"] != 0:
        yield "CloudFront keeps what is private"
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    names = template["Parameters"]["CdnQueryParameters"]["Default"].split(",")
    if (
        key["QueryStringsConfig"]["QueryStrings"] != {"Ref": "CdnQueryParameters"}
        or "token" not in names
    ):
        yield "a file is kept for everyone whatever the token"
    policies = {
        each["PathPattern"]: each["CachePolicyId"]
        for each in branches(distribution["CacheBehaviors"])
    }
    tokens = template["Resources"]["CdnTokenPolicy"]["Properties"]["CachePolicyConfig"]
    if policies.get("/api/files/token") != {"Ref": "CdnTokenPolicy"} or (
        (tokens["MinTTL"], tokens["DefaultTTL"], tokens["MaxTTL"]) != (0, 0, 1)
    ):
        yield "file tokens are cached"
    behaviours = [
        each
        for each in branches(
            [distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]]
        )
        if each["TargetOriginId"] != "pocketbase"
    ]
    passed_on = template["Resources"]["CdnRequestPolicy"]["Properties"]["OriginRequestPolicyConfig"]
    names = [name.lower() for name in passed_on["HeadersConfig"]["Headers"]]
    if origin.ADDRESS_HEADER not in names or any(
        each["OriginRequestPolicyId"] != {"Ref": "CdnRequestPolicy"} for each in behaviours
    ):
        yield "the functions do not learn the client's address, or take a client's word for it"
    if any(each["ErrorCachingMinTTL"] for each in distribution["CustomErrorResponses"]):
        yield "errors are cached"
    fields = template["Resources"]["CdnLogDelivery"]["Properties"]["RecordFields"]
    if {"cs-uri-query", "cs(Referer)", "cs(Cookie)"} & set(fields):
        yield "CloudFront's log holds tokens"


def the_api_alone_learns_the_secret(template: Template) -> Iterator[str]:
    distribution = template["Resources"]["CdnDistribution"]["Properties"]["DistributionConfig"]
    for each in branches(distribution["Origins"]):
        sent = [header["HeaderName"] for header in each.get("OriginCustomHeaders", [])]
        is_api = "${Api}" in str(each.get("DomainName"))
        if not each or (origin.HEADER in sent) != is_api:
            yield "the API does not learn the secret, or another origin does"


def builds_are_possible(template: Template) -> Iterator[str]:
    architectures = template["Parameters"]["Architecture"]["AllowedValues"]
    rules = (ROOT / "layers/Makefile").read_text()
    targets = {
        word for line in re.findall(r"^(build-.*):$", rules, re.MULTILINE) for word in line.split()
    }
    made = of_type(template, "AWS::Serverless::Function") | of_type(
        template, "AWS::Serverless::LayerVersion"
    )
    for name, body in made.items():
        if (
            body.get("Metadata", {}).get("BuildMethod") != "makefile"
            or f"build-{name}" not in targets
        ):
            yield f"{name} has no way to be built"
        context = body["Metadata"]["ContextPath"]
        for architecture in architectures:
            folder = resource_text(context).replace("${Architecture}", architecture)
            if not (ROOT / folder / "Makefile").is_file():
                yield f"{name} cannot be built for {architecture}"
    if {"Ref": "PillowLayer"} in functions(template)["TokensFunction"]["Layers"]:
        yield "the tokens function carries Pillow"


def the_contents_are_complete(template: Template) -> Iterator[str]:
    """The comment above Resources names every resource, in the order of the file."""
    comment = (ROOT / "template.yaml").read_text().split("# Contents,")[1].split("Resources:")[0]
    named = [
        word for word in re.findall(r"\b[A-Za-z]+\b", comment) if word in template["Resources"]
    ]
    if named != list(template["Resources"]):
        yield "the table of contents is not the order of the resources"


def names_are_the_stacks_own(template: Template) -> Iterator[str]:
    """Two stacks in one account and region must not share a name; one stack may exist in many
    regions.
    """
    for name, body in template["Resources"].items():
        for key, value in body["Properties"].items():
            if isinstance(value, dict) and value.get("Ref") in template["Resources"]:
                continue  # named by CloudFormation, or checked where it is named
            if key in {"Name", "LayerName", "LogGroupName", "DashboardName", "BudgetName"} and not (
                "AWS::StackName" in str(value) or "AWS::StackId" in str(value)
            ):
                yield f"{name} has a name that another stack may have"
    for name, body in of_type(template, "AWS::Serverless::LayerVersion").items():
        if "LayerName" not in body["Properties"]:
            yield f"{name} has a name that another stack may have"


def alarms_stop(template: Template) -> Iterator[str]:
    """Alarms on DynamoDB's metrics ignore missing data, and FILL fills nothing where there never
    was
    any.
    """
    for name, body in of_type(template, "AWS::CloudWatch::Alarm").items():
        properties = body["Properties"]
        if "AWS/DynamoDB" in str(properties) or "FILL(" in str(properties):
            yield f"{name} may ring for ever"
        if properties.get("TreatMissingData") != "notBreaching":
            yield f"{name} does not stop without requests"
        if not properties.get("AlarmActions") or not properties.get("OKActions"):
            yield f"{name} tells nobody"


def the_firewall_lets_a_file_server_work(template: Template) -> Iterator[str]:
    rules = template["Resources"]["CdnFirewall"]["Properties"]["Rules"]
    counted = {
        override["Name"]
        for rule in rules
        for override in rule["Statement"]
        .get("ManagedRuleGroupStatement", {})
        .get("RuleActionOverrides", [])
        if override["ActionToUse"] == {"Count": {}}
    }
    for name in sorted((BLOCKS_FILE_REQUESTS | BLOCKS_UPLOADS) - counted):
        yield f"the firewall blocks by {name}"
    limits = [rule["Statement"].get("RateBasedStatement", {}).get("Limit") for rule in rules]
    if {"Ref": "FirewallRateLimit"} not in limits:
        yield "the firewall's rate limit is no parameter"


def https_is_demanded(template: Template) -> Iterator[str]:
    distribution = template["Resources"]["CdnDistribution"]["Properties"]["DistributionConfig"]
    for each in branches([distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]]):
        path = each.get("PathPattern", "the default")
        only = path == "/api/files/token" or each["TargetOriginId"] == "pocketbase"
        policy = "https-only" if only else "redirect-to-https"
        if each["ViewerProtocolPolicy"] != policy:
            yield f"{path} may be asked for over HTTP"
        if each["TargetOriginId"] == "api" and each.get("ResponseHeadersPolicyId") != {
            "Ref": "CdnHeadersPolicy"
        }:
            yield f"{path} does not tell browsers to use HTTPS"


def every_change_is_published(template: Template) -> Iterator[str]:
    """The API calls a published version, and SAM publishes none for a parameter's new value."""
    for name, layer in of_type(template, "AWS::Serverless::LayerVersion").items():
        if layer["Properties"].get("PublishLambdaVersion") is not True:
            yield f"a change of {name} is not published"
    for name, function in functions(template).items():
        if function.get("AutoPublishAliasAllProperties") is not True:
            yield f"changes of {name} are not published"
        version = function.get("VersionDescription", {})
        unversioned = (
            "DeploymentPreference",
            "Events",
            "Metadata",
            "ReservedConcurrentExecutions",
            "VersionDescription",
        )
        needs = parameters_of(template, {k: v for k, v in function.items() if k not in unversioned})
        yield from (
            f"a change of {each} is not published by {name}"
            for each in sorted(needs - parameters_of(template, version))
        )


VERSION_DESCRIPTION_LENGTH = 256
BUCKET_NAME_LENGTH = 63
ORIGIN_SECRET_VERSION_LENGTH = 64


def versions_can_be_described(template: Template) -> Iterator[str]:
    """The longest values of all parameters fit into Lambda's description of a version."""
    longest = {"Bucket": BUCKET_NAME_LENGTH, "Hop": ORIGIN_SECRET_VERSION_LENGTH}
    for name, parameter in template["Parameters"].items():
        values = parameter.get("AllowedValues", [parameter.get("MaxValue", "")])
        longest[name] = max(len(str(value)) for value in values)
    for name, function in functions(template).items():
        text = function["VersionDescription"]["Fn::Sub"][0]
        names = re.findall(r"\$\{(\w+)\}", text)
        length = len(re.sub(r"\$\{\w+\}", "", text)) + sum(longest[each] for each in names)
        if length > VERSION_DESCRIPTION_LENGTH:
            yield f"a version of {name} may have a description of {length} characters"


def parameters_of(template: Template, node: Any) -> set[str]:
    """The parameters that a value depends on, through conditions too."""
    names: set[str] = set()
    parts: list[Any] = []
    match node:
        case {"Ref": name}:
            names = {name}
        case {"Condition": name}:
            parts = [template["Conditions"][name]]
        case {"Fn::If": [name, *branches]}:
            parts = [{"Condition": name}, *branches]
        case {"Fn::Sub": text}:
            names = set(re.findall(r"\$\{(\w+)\}", str(text)))
            parts = listed(text)
        case dict():
            parts = list(node.values())
        case list():
            parts = node
    return (names & set(template["Parameters"])).union(
        *(parameters_of(template, each) for each in parts)
    )


CHECKS: list[Check] = [
    handlers_exist,
    routes_are_the_apis,
    variables_are_read_and_set,
    limits_fit_each_other,
    functions_may_do_what_they_do,
    nothing_is_allowed_at_large,
    logs_are_narrow_and_end,
    data_is_kept_and_closed,
    the_table_can_be_had_back,
    parameters_are_explained_and_bounded,
    outputs_tell_the_url,
    the_edge_keeps_no_secret,
    the_api_alone_learns_the_secret,
    names_are_the_stacks_own,
    alarms_stop,
    the_firewall_lets_a_file_server_work,
    https_is_demanded,
    every_change_is_published,
    versions_can_be_described,
    builds_are_possible,
    the_contents_are_complete,
]
