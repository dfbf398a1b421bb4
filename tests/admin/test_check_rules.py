"""Every view rule, read before a client meets it."""

import pytest

from admin.cli import main
from admin.sync.prepare import import_directory
from tests.admin.shaped import Shaped
from tests.conftest import DEMO, Cloud


def test_rules_that_can_be_evaluated_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-rules", "--pb-data", str(DEMO)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "open_papers.paper: protected, but open to everybody (empty view rule)",
        "locked_papers.paper: protected, but locked (no view rule): superusers alone",
        "open, so that CloudFront asks nobody: photos, users",
        "checked 7 view rules: all can be evaluated",
    ]


def test_a_rule_that_cannot_be_evaluated_is_named_with_its_place(
    cloud: Cloud, shaped: Shaped, capsys: pytest.CaptureFixture[str]
) -> None:
    shaped.execute(
        "UPDATE _collections SET viewRule = 'title = 1 &&\n nope.x = 2' WHERE name = 'docs'"
    )
    shaped.execute("UPDATE _collections SET viewRule = 'id =' WHERE name = 'users'")
    import_directory(shaped.directory, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    for source in (["--pb-data", str(shaped.directory)], ["--table", cloud.table]):
        assert main(["check-rules", *source]) == 1
        assert capsys.readouterr().out.splitlines() == [
            "doc_files.file: protected, but open to everybody (empty view rule)",
            "users: the view rule cannot be evaluated and denies: "
            "expected a field, a text, a number or a function at line 1, column 5: ''",
            "docs: the view rule cannot be evaluated and denies: "
            "no such field: nope at line 2, column 2: 'nope.x = 2'",
            "open, so that CloudFront asks nobody: users",
            "checked 2 view rules: 2 cannot be evaluated",
        ]
