import json

from boneage.pipeline.batch.file_state import FileState
from boneage.pipeline.batch.outcome import FileOutcome, StoredRow
from boneage.pipeline.batch.status import STATUS_NAME, RunMonitor, RunStatus
from tests.pipeline.batch.stub import draw, run_stub


def outcome(*rows):
    return FileOutcome(tuple(StoredRow("1", status, reason, "{}") for status, reason in rows), FileState(1, 1), "")


def test_files_are_counted_by_the_worst_of_their_rows_and_the_last_reasons_are_kept():
    status = RunStatus("reading", 10, 1)
    status = status.add("a", outcome(("ok", ""), ("flagged", "mirrored")), failed=False)
    status = status.add("b", outcome(("refused", "is empty"), ("ok", "")), failed=False)
    status = status.add("c", outcome(("refused", "internal error: ZeroDivisionError()")), failed=False)
    status = status.add("d", outcome(("refused", "the reading process died")), failed=True)
    assert (status.n_ok, status.n_flagged, status.n_refused, status.n_failed, status.n_read) == (0, 1, 1, 2, 4)
    assert status.last_reasons[0] == "b: is empty"
    assert status.seconds_left == 0  # no time has gone by
    for k in range(9):
        status = status.add(f"{k}", outcome(("refused", "is empty")), failed=False)
    assert len(status.last_reasons) == 5


def test_the_status_lies_in_the_folder_and_is_told(tmp_path):
    told = []
    results = run_stub([draw(tmp_path / "in" / f"{k}.png") for k in range(3)], tmp_path, watch=told.append)
    assert len(results) == 3
    status = json.loads((tmp_path / STATUS_NAME).read_text())
    assert (status["state"], status["n_done"], status["n_ok"], status["seconds_left"]) == ("done", 3, 3, 0)
    assert [told[0].state, told[-1].state] == ["running", "done"]


def test_a_status_that_cannot_be_written_ends_nothing(tmp_path):
    RunMonitor(tmp_path / "none", RunStatus("reading", 1, 0)).tell("running")
