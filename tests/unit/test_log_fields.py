from dataclasses import FrozenInstanceError

import pytest

from pocketfiles.log_fields import LogFields


def test_fields_that_are_empty_are_left_out_of_the_line() -> None:
    assert LogFields().as_dict() == {}
    assert LogFields(collection="photos", thumb="failed", reason="corrupt").as_dict() == {
        "collection": "photos",
        "thumb": "failed",
        "reason": "corrupt",
    }
    assert LogFields(
        denied=True, redirect=True, token_issued=True, operator_must_act=True
    ).as_dict() == {
        "denied": True,
        "redirect": True,
        "token_issued": True,
        "operator_must_act": True,
    }


def test_fields_do_not_change_once_they_are_set() -> None:
    with pytest.raises(FrozenInstanceError):
        LogFields().reason = "other"  # type: ignore[misc]
