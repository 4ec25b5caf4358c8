"""The shipped model reads hands and is killed, stopped, or loses a process: the tables are those of a whole run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from boneage.imaging.phantoms import write_phantom_set

pytestmark = pytest.mark.slow

TABLES = ("ages.csv", "ages.jsonl", "landmarks.csv")
N_HANDS = 8
PATIENCE_S = 600


@pytest.fixture(scope="module")
def hands(tmp_path_factory):
    """Eight phantom hands: images/, ages.csv."""
    folder = tmp_path_factory.mktemp("hands")
    write_phantom_set(folder, N_HANDS, seed=3)
    return folder


def start(hands, out, jobs=1):
    """Start ``boneage predict`` with the shipped model in a process of its own."""
    arguments = ("predict", hands / "images", "--sex-csv", hands / "ages.csv", "--out", out, "--jobs", jobs)
    code = "from boneage.cli.app import main; main()"
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def whole(hands, tmp_path_factory):
    """The tables of a run that nobody stopped, and its exit code."""
    out = tmp_path_factory.mktemp("whole")
    run = start(hands, out)
    run.communicate(timeout=PATIENCE_S)
    return read_tables(out), run.returncode


def read_tables(out):
    return {name: (out / name).read_bytes() for name in TABLES}


def wait_for_overlays(run, out, n):
    """Wait until a run has drawn so many hands; with none, until it has begun."""
    until = time.monotonic() + PATIENCE_S
    while not (out / "run.lock").exists() or len(list((out / "overlays").glob("*.png"))) < n:
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def check_whole(run, out, whole):
    """Wait for a run that goes on: each hand has its row, and nothing is left of the runs before."""
    _, err = run.communicate(timeout=PATIENCE_S)
    assert (read_tables(out), run.returncode) == whole, err
    assert len((out / "ages.jsonl").read_text().splitlines()) == N_HANDS
    assert not (out / "run.lock").exists()
    assert [path for path in out.rglob(".*") if path.is_file()] == []
    return json.loads((out / "status.json").read_text())


@pytest.mark.parametrize(("jobs", "moments"), [(1, (1, 4)), (2, (0, 3, 6))])
def test_a_run_that_is_killed_and_gone_on_with_loses_and_doubles_nothing(hands, whole, tmp_path, jobs, moments):
    for n in moments:
        run = start(hands, tmp_path, jobs)
        wait_for_overlays(run, tmp_path, n)
        run.kill()
        run.communicate()
        assert (tmp_path / "run.lock").exists()
        assert not (tmp_path / "ages.csv").exists()
    check_whole(start(hands, tmp_path, jobs), tmp_path, whole)


def test_a_run_that_is_told_to_end_keeps_what_is_done(hands, whole, tmp_path):
    run = start(hands, tmp_path)
    wait_for_overlays(run, tmp_path, 3)
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 130
    assert "the same command goes on" in err
    assert not (tmp_path / "run.lock").exists()
    assert check_whole(start(hands, tmp_path), tmp_path, whole)["n_kept"] >= 2


def test_a_run_outlives_a_process_that_is_killed(hands, whole, tmp_path):
    run = start(hands, tmp_path, jobs=2)
    wait_for_overlays(run, tmp_path, 2)
    workers = [pid for pid in find_children(run.pid) if "LokyProcess" in Path(f"/proc/{pid}/cmdline").read_text()]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    assert check_whole(run, tmp_path, whole)["n_failed"] == 0


def find_children(process):
    threads = Path(f"/proc/{process}/task").iterdir()
    return [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
