import os

import pytest

from boneage.imaging.errors import InvalidModelFile
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.batch.worker_processes import WorkerProcesses, WorkersFail
from tests.pipeline.batch.stub import Stub, draw, run_stub


def read_all(executor, tasks):
    waiting, done = list(tasks), []
    with executor:
        while len(done) < len(tasks):
            while waiting and executor.n_free:
                executor.submit(waiting.pop(0))
            done += executor.next_done(1.0)
    return done


def test_a_file_that_kills_its_process_is_refused_and_the_others_are_read(tmp_path):
    paths = [draw(tmp_path / "in" / f"{name}.png") for name in ("1", "2", "3", "kill", "5", "6", "7", "8")]
    results = run_stub(paths, tmp_path / "out", jobs=2)
    refused = {result.id: result.reason for result in results if result.status == "refused"}
    assert refused == {"kill": "the reading process died"}
    assert sorted(path.stem for path in (tmp_path / "out" / "notes").iterdir()) == ["1", "2", "3", "5", "6", "7", "8"]


def test_a_file_that_takes_too_long_is_refused_and_the_others_are_read(tmp_path):
    paths = [draw(tmp_path / "in" / f"{name}.png") for name in ("1", "hang", "3", "4")]
    results = run_stub(paths, tmp_path / "out", jobs=2, timeout_s=4)
    assert [result.reason for result in results] == ["", "took longer than 4 seconds", "", ""]


def test_processes_are_replaced_after_some_files_and_leave_with_the_work(tmp_path):
    tasks = make_tasks([draw(tmp_path / f"{k}.png") for k in range(5)], sexes=None, sizes={})
    executor = WorkerProcesses(Stub(tmp_path), 1, timeout_s=100, most_files=3)
    with executor:
        first = executor._workers[0]._process.pid
    done = read_all(executor, tasks)
    assert [file.outcome.rows[0].status for file in done] == ["ok"] * 5
    assert {file.task.id for file in done} == set("01234")
    last = executor._workers[0]._process.pid
    assert first != last
    for pid in (first, last):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize(("prepares", "error"), [("fail", InvalidModelFile), ("kill", WorkersFail)])
def test_processes_that_cannot_begin_are_told(tmp_path, prepares, error):
    tasks = make_tasks([draw(tmp_path / "1.png")], sexes=None, sizes={})
    with pytest.raises(error, match=r"has changed since the run began|end as they begin"):
        read_all(WorkerProcesses(Stub(tmp_path, prepares), 1, timeout_s=100), tasks)
