import pytest

from local.intrinsics import Resolver, TemplateError, load

TEMPLATE = """
Parameters:
  Bucket: {Type: String, Default: ""}
  Level: {Type: String, Default: INFO}
  Bare: {Type: String}
  Days: {Type: Number, Default: 0}
Conditions:
  Off: !Equals [!Ref Days, "0"]
  Made: !Equals [!Ref Bucket, ""]
  Given: !Not [!Condition Made]
  Both: !And [!Condition Made, !Condition Given]
  Either: !Or [!Condition Made, !Condition Given]
Resources:
  FilesBucket: {Type: AWS::S3::Bucket, Condition: Made}
  Other: {Type: AWS::S3::Bucket, Condition: Given, Properties: {BucketName: !Sub "${Level}-files"}}
  Catalogue: {Type: AWS::DynamoDB::Table}
  Named: {Type: AWS::DynamoDB::Table, Properties: {TableName: named}}
  Fn: {Type: AWS::Serverless::Function}
"""


@pytest.fixture
def resolver() -> Resolver:
    return Resolver(load(TEMPLATE))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Level", "INFO"),
        ("!Ref FilesBucket", "filesbucket"),
        ("!Ref Other", "INFO-files"),
        ("!Ref Catalogue", "Catalogue"),
        ("!Ref Named", "named"),
        ("!Ref Fn", "Fn"),
        ("!Ref AWS::Region", "us-east-1"),
        ("[1, !Ref AWS::NoValue, 2]", [1, 2]),
        ("{a: !Ref AWS::NoValue, b: 1}", {"b": 1}),
        ("!If [Made, !Ref FilesBucket, !Ref Bucket]", "filesbucket"),
        ("!If [Given, 1, 2]", 2),
        ("!If [Off, 1, 2]", 1),
        ("!If [Both, 1, 2]", 2),
        ("!If [Either, 1, 2]", 1),
        ('!Sub "a-${Level}-${!Level}-${AWS::StackName}"', "a-INFO-${Level}-local"),
        ('!Sub ["${X}/${Level}", {X: !Ref FilesBucket}]', "filesbucket/INFO"),
        ('!Sub "${Catalogue.Arn}/*"', "arn:aws:local:::Catalogue/*"),
        ("!GetAtt Catalogue.Arn", "arn:aws:local:::Catalogue"),
        ("!GetAtt [FilesBucket, DomainName]", "FilesBucket.DomainName"),
        ("Fn::GetAtt: [Catalogue, Arn]", "arn:aws:local:::Catalogue"),
        ("Ref: Level", "INFO"),
    ],
)
def test_an_intrinsic_function_has_its_value(
    resolver: Resolver, expression: str, value: object
) -> None:
    node = load(f"Resources: {{}}\nX:\n  {expression}")["X"]
    assert resolver.resolve(node) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("!Ref Nobody", "!Ref Nobody refers to nothing"),
        ("!Ref Bare", "the parameter Bare has no default"),
        ("!If [Unknown, 1, 2]", "there is no condition Unknown"),
        ("!GetAtt Nobody.Arn", "!GetAtt Nobody.Arn refers to nothing"),
        ("!Cidr [a, b]", "Fn::Cidr is not supported here"),
    ],
)
def test_an_unknown_name_is_an_error_that_names_it(
    resolver: Resolver, expression: str, words: str
) -> None:
    node = load(f"Resources: {{}}\nX: {expression}")["X"]
    with pytest.raises(TemplateError, match=words.replace("[", r"\[").replace("!", "!")):
        resolver.resolve(node)


def test_a_resource_exists_when_its_condition_holds(resolver: Resolver) -> None:
    assert [name for name in ("FilesBucket", "Other", "Catalogue") if resolver.exists(name)] == [
        "FilesBucket",
        "Catalogue",
    ]


@pytest.mark.parametrize("text", ["a: [", "", "[]", "a: 1", "Resources: []"])
def test_text_that_is_not_a_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        load(text)
