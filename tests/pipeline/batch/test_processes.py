import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from boneage.pipeline.batch.processes import run_in_processes


def number_and_process(number):
    return number, os.getpid()


def meet(folder, number):
    """Return the number and this process, once a second process has come here too, whichever is the faster."""
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.01)
    return number, os.getpid()


def fail(number):
    raise ArithmeticError(f"number {number}")


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_results_come_in_order_from_processes_that_end_with_the_work(tmp_path):
    for name in ("first", "second"):  # there are new processes for new work
        (tmp_path / name).mkdir()
        results = list(run_in_processes([partial(meet, tmp_path / name, k) for k in range(12)], jobs=2))
        assert [number for number, _ in results] == list(range(12))
        processes = {process for _, process in results}
        assert len(processes) == 2
        assert os.getpid() not in processes
        assert not any(is_running(process) for process in processes)


@pytest.mark.parametrize(("n", "jobs"), [(3, 1), (1, 4), (3, 0)])
def test_one_job_or_one_call_needs_no_other_process(n, jobs):
    results = list(run_in_processes([partial(number_and_process, k) for k in range(n)], jobs))
    assert results == [(k, os.getpid()) for k in range(n)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_is_told_after_each_result(jobs):
    told, seen = [], []
    calls = [partial(number_and_process, k) for k in range(4)]
    for number, _ in run_in_processes(calls, jobs, stage="counting", report=lambda *state: told.append(state)):
        seen.append((number, len(told)))
    assert seen == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert told == [("counting", part / 4) for part in (1, 2, 3, 4)]


def test_nothing_to_do_is_no_error():
    assert list(run_in_processes([], jobs=2)) == []


def test_what_a_call_raises_is_raised_here_and_the_next_work_is_done():
    with pytest.raises(ArithmeticError, match="number 1"):
        list(run_in_processes([partial(fail, 1), partial(number_and_process, 2)], jobs=2))
    assert len(list(run_in_processes([partial(number_and_process, k) for k in range(2)], jobs=2))) == 2


def answer_first(number):
    """Answer for the first number; work on the others until the process is ended, for ten minutes at most."""
    for _ in range(60_000 * bool(number)):
        time.sleep(0.01)
    return number, os.getpid()


def test_work_that_is_given_up_half_way_leaves_no_process():
    work = run_in_processes([partial(answer_first, k) for k in range(8)], jobs=2)
    _, process = next(work)
    with pytest.warns(UserWarning, match="not used|cancelled"):
        work.close()
    assert not is_running(process)


def work_for_a_minute(folder, number):
    """Write a file again and again, and return after a minute."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        (folder / str(number)).write_text(str(time.monotonic()))
        time.sleep(0.05)


def test_processes_end_where_the_one_that_started_them_is_killed(tmp_path):
    code = (
        "import sys; from functools import partial; from pathlib import Path; "
        "from boneage.pipeline.batch.processes import run_in_processes; "
        "from tests.pipeline.batch.test_processes import work_for_a_minute; "
        "list(run_in_processes([partial(work_for_a_minute, Path(sys.argv[1]), k) for k in range(4)], jobs=2))"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=root, stderr=subprocess.DEVNULL) as run:
        wait_until(lambda: {file.name for file in tmp_path.iterdir()} >= {"0", "1"}, "both work")
        run.kill()
    wait_until(lambda: unchanged_for(0.5, tmp_path), "both have ended")
    assert {file.name for file in tmp_path.iterdir()} == {"0", "1"}


def wait_until(holds, what):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, f"waited for: {what}"
        time.sleep(0.05)


def read_texts(folder):
    return {file.name: file.read_text() for file in folder.iterdir()}


def unchanged_for(seconds, folder):
    before = read_texts(folder)
    time.sleep(seconds)
    return read_texts(folder) == before
