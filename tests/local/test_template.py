from pathlib import Path

import pytest

from local.intrinsics import TemplateError, load
from local.parameters import check
from local.template import Function, Route, Table, parse

ROOT = Path(__file__).parents[2]

TEMPLATE = """
Parameters: {Memory: {Type: Number, Default: 1769}, Existing: {Type: String, Default: ""}}
Conditions: {Make: !Equals [!Ref Existing, ""]}
Globals:
  Function:
    Timeout: 7
    Environment: {Variables: {TABLE: !Ref Records, LEVEL: INFO}}
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  Pictures:
    Type: AWS::Serverless::Function
    Properties:
      Handler: pictures.app.handler
      MemorySize: !Ref Memory
      Environment: {Variables: {BUCKET: !If [Make, !Ref Store, !Ref Existing], SECONDS: 5}}
      Events:
        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api}}
        One: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: any, Path: "/p/{id}"}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  Bare:
    Type: AWS::Serverless::Function
    Properties: {Handler: bare.handler, Timeout: 2, Environment: {Variables: {LEVEL: INFO}}}
  Store: {Type: AWS::S3::Bucket, Condition: Make}
  Records:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
"""


def test_functions_have_their_own_values_over_the_globals_over_lambdas_defaults() -> None:
    assert parse(TEMPLATE).functions == {
        "Pictures": Function(
            "Pictures",
            "pictures.app.handler",
            1769,
            7.0,
            {"TABLE": "Records", "LEVEL": "INFO", "BUCKET": "store", "SECONDS": "5"},
        ),
        "Bare": Function("Bare", "bare.handler", 128, 2.0, {"TABLE": "Records", "LEVEL": "INFO"}),
    }


def test_events_on_the_api_are_routes_and_other_events_are_not() -> None:
    assert parse(TEMPLATE).routes == (
        Route("$default", "Pictures"),
        Route("ANY /p/{id}", "Pictures"),
    )


def test_a_table_keeps_what_createtable_takes() -> None:
    definition = {
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert parse(TEMPLATE).tables == (Table("Records", definition),)


def test_a_bucket_whose_condition_is_false_is_left_out() -> None:
    assert parse(TEMPLATE).buckets == ("store",)
    assert parse(TEMPLATE.replace('Default: ""', "Default: mine")).buckets == ()


def test_one_environment_holds_all_functions_variables() -> None:
    assert parse(TEMPLATE).environment() == {
        "TABLE": "Records",
        "LEVEL": "INFO",
        "BUCKET": "store",
        "SECONDS": "5",
    }


def test_a_variable_that_differs_between_functions_is_an_error() -> None:
    template = parse(TEMPLATE.replace("{Variables: {LEVEL: INFO}}", "{Variables: {LEVEL: DEBUG}}"))
    with pytest.raises(TemplateError, match="LEVEL differs"):
        template.environment()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Method: any, ", "", "only one of Method and Path"),
        ("Handler: bare.handler, ", "", "Bare has no Handler"),
    ],
)
def test_an_incomplete_declaration_is_an_error(before: str, after: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        parse(TEMPLATE.replace(before, after))


def test_a_parameter_may_be_given() -> None:
    assert parse(TEMPLATE, {"Memory": "512"}).functions["Pictures"].memory == 512
    with pytest.raises(TemplateError, match="no parameter Memry"):
        parse(TEMPLATE, {"Memry": "512"})


PROJECT = (ROOT / "template.yaml").read_text()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("RedirectSeconds", "abc", "a number from 10 to 3600"),
        ("RedirectSeconds", "0", "a number from 10 to 3600"),
        ("RedirectSeconds", "nan", "a number from 10 to 3600"),
        ("RedirectSeconds", "", "a number from 10 to 3600"),
        ("RedirectSeconds", "1_000", "a number from 10 to 3600"),
        ("RedirectSeconds", "60.5", "a number from 10 to 3600"),
        ("LogLevel", "LOUD", "one of DEBUG, INFO, WARNING, ERROR"),
        ("ExistingBucket", "No", "the name of a bucket, or empty"),
        ("ThumbFormats", "gif", ""),
    ],
)
def test_a_parameter_is_checked_as_cloudformation_does(name: str, value: str, words: str) -> None:
    with pytest.raises(TemplateError, match=f"{name} cannot be '{value}': it is {words}"):
        parse(PROJECT, {name: value})


def test_every_default_of_the_projects_template_is_allowed() -> None:
    declared = load(PROJECT)["Parameters"]
    given = {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}
    check(declared, given)


def test_a_number_may_have_no_bounds_and_a_text_a_longest_length() -> None:
    declared = {"N": {"Type": "Number"}, "T": {"Type": "String", "MaxLength": 2}}
    check(declared, {"N": "-5", "T": "ab"})
    with pytest.raises(TemplateError, match=r"it is a number$"):
        check(declared, {"N": "five"})
    with pytest.raises(TemplateError, match="T cannot be 'abc': it is a text of up to 2 letters"):
        check(declared, {"T": "abc"})


def test_the_projects_own_template_can_be_read() -> None:
    template = parse(PROJECT)
    assert {function.handler for function in template.functions.values()} == {
        "files.app.handler",
        "tokens.app.handler",
    }
    assert Route("$default", "FilesFunction") in template.routes
    assert Route("POST /api/files/token", "TokensFunction") in template.routes
    environment = template.environment()
    assert template.buckets == (environment["BUCKET_NAME"],)
    assert [table.name for table in template.tables] == [environment["TABLE_NAME"]]
