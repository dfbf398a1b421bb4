"""What `import` and `sync` say while they take long."""

import queue

import pytest

from admin.commands import output, rounds
from admin.commands.status import Status
from admin.sync.summary import Summary
from admin.target.actions import DeleteItem, PutItem

SECONDS = 30


def test_a_status_is_said_again_and_again_until_the_block_ends() -> None:
    said: queue.Queue[str] = queue.Queue()
    with Status(said.put, every_seconds=0.001) as status:
        status.text = "reading"
        assert said.get(timeout=SECONDS) == "still reading"
        assert said.get(timeout=SECONDS) == "still reading"


def test_nothing_is_said_of_what_is_done_soon() -> None:
    said: list[str] = []
    with Status(said.append, every_seconds=SECONDS) as status:
        status.text = "reading"
    assert said == []


@pytest.mark.parametrize("is_terminal", [False, True])
def test_progress_is_counted_in_records_and_files(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "has_bars", lambda: is_terminal)
    status = Status()
    record = PutItem({"pk": {"S": "photos"}, "sk": {"S": "one"}}, None, 0)
    with rounds.shown_with(status)(Summary(1, 3, 0), 3) as on_done:
        on_done(record)
        on_done(DeleteItem("photos", "two", 1, 0))
        on_done(record)
        done = "writing: 2 of 3 records and files are done"
        assert status.text == ("" if is_terminal else done)
