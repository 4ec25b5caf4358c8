import dataclasses
import json
import os

import pytest

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.batch.run_lock import LOCK_NAME, RunOwner, check_not_locked, lock_run
from boneage.pipeline.batch.store import STORE_NAME, ResultsStore


def leave_lock(folder, **changes):
    owner = dataclasses.replace(RunOwner.this_process(), **changes)
    (folder / LOCK_NAME).write_text(json.dumps(dataclasses.asdict(owner)))


def test_a_second_run_is_refused_while_the_first_holds_the_folder(tmp_path):
    told = rf"another run writes into it \(process {os.getpid()} on "
    with (
        ResultsStore(tmp_path / STORE_NAME) as store,
        lock_run(tmp_path, store),
        pytest.raises(UnusableOutput, match=told),
    ):
        check_not_locked(tmp_path)
    check_not_locked(tmp_path)
    assert not (tmp_path / LOCK_NAME).exists()


def test_a_lock_of_a_process_that_is_gone_is_taken_over(tmp_path):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    for changes in ({"pid": child}, {"started": "1"}):  # the second one's number is in use again
        leave_lock(tmp_path, **changes)
        with ResultsStore(tmp_path / STORE_NAME) as store, lock_run(tmp_path, store):
            assert json.loads((tmp_path / LOCK_NAME).read_text())["pid"] == os.getpid()


def test_a_lock_of_another_host_is_left_and_told(tmp_path):
    leave_lock(tmp_path, host="elsewhere", pid=1)
    with pytest.raises(UnusableOutput, match=r"process 1 on elsewhere\); if it has ended, remove .*run\.lock"):
        check_not_locked(tmp_path)
    with ResultsStore(tmp_path / STORE_NAME) as store, pytest.raises(UnusableOutput), lock_run(tmp_path, store):
        pass
    assert (tmp_path / LOCK_NAME).exists()


def test_a_lock_that_is_no_lock_holds_nothing(tmp_path):
    (tmp_path / LOCK_NAME).write_text("{}")
    check_not_locked(tmp_path)
