import contextlib
import csv
import importlib.util
import json
import multiprocessing
import os
import resource
import signal
from dataclasses import asdict
from math import nan
from pathlib import Path

import pytest
import typer

from boneage.cli.batches import watch_batch
from boneage.imaging.errors import MissingPackage, UnusableOutput
from boneage.imaging.listing import list_folder
from boneage.pipeline.batch.store import ResultsStore
from tests.pipeline.batch.stub import Stub, draw, iterate_stub, run_stub


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def files(tmp_path):
    """Five pictures of 21 to 25 columns, numbered, and a file that is none."""
    paths = [draw(tmp_path / "in" / f"{k}.png", 20 + k) for k in range(1, 6)]
    (tmp_path / "in" / "6.png").write_text("no picture")
    return [*paths, tmp_path / "in" / "6.png"]


@pytest.fixture
def seen(monkeypatch):
    """The ids of the files that are read."""
    ids, process = [], Stub.process

    def note(self, task, scan):
        ids.append(task.id)
        return process(self, task, scan)

    monkeypatch.setattr(Stub, "process", note)
    return ids


def kill_itself(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def run_until_killed(number, paths, out):
    """Run in a copy of this process that kills itself at the tenth file: as it is read, written, added or committed."""
    place, name = (
        (Stub, "process"), (Path, "replace"), (ResultsStore, "add"), (ResultsStore, "commit_if_due"),
    )[number % 4]  # fmt: skip
    done, as_it_is = [], getattr(place, name)

    def count(*args, **kwargs):
        done.append(1)
        return kill_itself() if len(done) == 11 else as_it_is(*args, **kwargs)

    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            setattr(place, name, count)
            run_stub(paths, out)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_run_that_is_killed_at_twenty_moments_loses_and_doubles_nothing(tmp_path, monkeypatch, seen):
    monkeypatch.setattr("boneage.pipeline.batch.store._COMMIT_SECONDS", 0.0)
    monkeypatch.setattr("boneage.pipeline.batch.run._FEWEST_FOR_WORKERS", 1000)
    paths = [draw(tmp_path / "in" / f"{k}.png", 20 + k) for k in range(1, 201)]
    run_stub(paths, tmp_path / "whole")
    assert len(seen) == 200
    for number in range(20):
        assert run_until_killed(number, paths, tmp_path / "out") == -signal.SIGKILL
    assert not (tmp_path / "out" / "widths.csv").exists()
    seen.clear()
    run_stub(paths, tmp_path / "out")
    assert len(seen) <= 40
    assert (tmp_path / "out" / "widths.csv").read_bytes() == (tmp_path / "whole" / "widths.csv").read_bytes()
    left = {path.name for path in (tmp_path / "out").rglob("*")}
    names = {"notes", "results.sqlite", "status.json", "widths.csv", "timings.csv"}
    assert left == names | {f"{k}.txt" for k in range(1, 201)}


def test_what_changed_is_read_again_and_nothing_else(files, tmp_path, seen):
    out = tmp_path / "out"
    assert [result.width for result in run_stub(files, out)] == [21, 22, 23, 24, 25, 0]
    seen.clear()
    os.utime(files[0], ns=(0, 0))
    draw(files[1], 99)
    more = draw(tmp_path / "in" / "7.png", 27)
    results = run_stub([*files[:4], more], out, sexes={"3": "F"})
    assert [result.width for result in results] == [21, 99, 23, 24, 27]
    assert seen == ["1", "2", "3", "4", "7"]  # a table of sexes that lacks a file is told in its row
    seen.clear()
    assert len(run_stub([*files[:4], more], out, sexes={"3": "F"})) == 5
    assert [row["path"] for row in read_rows(out / "timings.csv")] == ["1.png", "2.png", "3.png", "4.png", "7.png"]
    run_stub(files[:4], out, sexes={"3": "M"}, sizes={"4": (40, 48)})
    assert seen == ["3", "4"]
    assert [row["sex"] for row in read_rows(out / "widths.csv")] == ["", "", "M", ""]


def test_a_file_that_vanishes_is_refused_and_read_when_it_is_back(files, tmp_path):
    content = files[2].read_bytes()
    files[2].unlink()
    assert "no such file" in run_stub(files, tmp_path / "out")[2].reason
    files[2].write_bytes(content)
    assert run_stub(files, tmp_path / "out")[2].width == 23


def test_refused_files_are_read_again_if_asked_for(files, tmp_path, monkeypatch, seen):
    with monkeypatch.context() as patch:
        patch.setattr(Stub, "process", lambda *_args: 1 / 0)
        assert {result.status for result in run_stub(files, tmp_path / "out")} == {"refused"}
    assert {result.status for result in run_stub(files, tmp_path / "out")} == {"refused"}
    assert seen == []
    results = run_stub(files, tmp_path / "out", retry_refused=True)
    assert [result.status for result in results] == ["ok"] * 5 + ["refused"]


def test_a_result_that_cannot_be_stored_is_one_rows_reason(files, tmp_path, monkeypatch, caplog):
    def to_json(_self, result):
        return asdict(result) | ({"width": nan} if result.width == 23 else {})

    monkeypatch.setattr(Stub, "to_json", to_json)
    results = run_stub(files[:4], tmp_path / "out")
    assert [result.status for result in results] == ["ok", "ok", "refused", "ok"]
    assert "Out of range float values are not JSON compliant" in results[2].reason
    assert "3.png" in caplog.text


def test_a_cluster_needs_its_package(files, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingPackage, match=r"pip install 'boneage\[cluster\]'"):
        run_stub(files, tmp_path / "out", scheduler="tcp://127.0.0.1:1")


def test_results_of_another_model_or_code_are_not_gone_on_with(files, tmp_path, monkeypatch, seen):
    run_stub(files, tmp_path / "out")
    table = (tmp_path / "out" / "widths.csv").read_bytes()
    with pytest.raises(UnusableOutput, match=r"holds results of model stub 1, not of model stub 2: .* --restart"):
        run_stub(files, tmp_path / "out", model="stub 2")
    monkeypatch.setattr("boneage.pipeline.batch.run.compute_code_version", lambda: "new")
    with pytest.raises(UnusableOutput, match="not of code new"):
        run_stub(files, tmp_path / "out")
    assert (tmp_path / "out" / "widths.csv").read_bytes() == table
    seen.clear()
    run_stub(files, tmp_path / "out", model="stub 2", restart=True)
    assert len(seen) == 5


def test_a_hand_whose_id_became_that_of_a_file_is_read_again(tmp_path, seen):
    paths = [draw(tmp_path / "in" / "two.png")]
    assert [result.id for result in run_stub(paths, tmp_path / "out")] == ["two", "two#2"]
    run_stub([*paths, draw(tmp_path / "in" / "two#2.png")], tmp_path / "out")
    assert seen.count("two") == 2


def test_a_run_that_is_told_to_stop_keeps_what_is_done(tmp_path, seen, capsys):
    paths = [draw(tmp_path / "in" / name) for name in ("1.png", "2.png", "stop.png", "4.png")]
    with pytest.raises(typer.Exit) as left, watch_batch() as watch:
        run_stub(paths, tmp_path / "out", watch=watch)
    assert left.value.exit_code == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not (tmp_path / "out" / "run.lock").exists()
    assert seen == ["1", "2", "stop"]
    run_stub([*paths[:2], paths[3]], tmp_path / "out")
    assert seen == ["1", "2", "stop", "4"]


def test_a_full_disk_ends_the_run_and_what_was_committed_is_gone_on_with(tmp_path, monkeypatch, seen):
    monkeypatch.setattr("boneage.pipeline.batch.store._COMMIT_SECONDS", 0.0)
    monkeypatch.setattr("boneage.pipeline.batch.run._FEWEST_FOR_WORKERS", 1000)
    paths = [draw(tmp_path / "in" / f"{k}.png") for k in range(100)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**18, limits[1]))
    try:
        with pytest.raises(UnusableOutput, match=r"results\.sqlite.*what was committed to it is kept"):
            run_stub(paths, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    n_done = len(seen) - 1
    assert 0 < n_done < 99
    assert len(run_stub(paths, tmp_path / "out")) == 100
    assert len(seen) <= 102
    assert {row["reason"] for row in read_rows(tmp_path / "out" / "widths.csv")} == {""}


def test_files_come_in_order_as_they_are_read_and_what_was_read_before_comes_first(files, tmp_path, seen):
    run_stub(files[:2], tmp_path / "out")
    seen.clear()
    widths = iterate_stub(files, tmp_path / "out")
    assert [next(widths), next(widths), list(seen)] == [[21], [22], []]
    assert [next(widths), list(seen)] == [[23], ["3"]]
    assert list(widths) == [[24], [25], [0]]
    assert seen == ["3", "4", "5"]
    assert (tmp_path / "out" / "timings.csv").is_file()


def test_an_iterator_that_is_left_ends_its_processes_and_keeps_what_is_done(tmp_path, seen):
    paths = [draw(tmp_path / "in" / f"{name}.png", width) for name, width in (("1", 21), ("2", 22), ("hang", 23))]
    widths = iterate_stub(paths, tmp_path / "out", jobs=2)
    assert [next(widths), next(widths)] == [[21], [22]]
    assert len(multiprocessing.active_children()) == 2
    widths.close()
    assert multiprocessing.active_children() == []
    assert not (tmp_path / "out" / "run.lock").exists()
    assert json.loads((tmp_path / "out" / "status.json").read_text())["state"] == "stopped"
    more = draw(tmp_path / "in" / "4.png", 24)
    assert [result.width for result in run_stub([*paths[:2], more], tmp_path / "out")] == [21, 22, 24]
    assert seen == ["4"]


def test_names_of_any_kind_and_loops_of_links_have_their_row(tmp_path):
    folder = tmp_path / "in"
    for name in ("x" * 246 + ".png", "ü" * 120 + ".png", "a b\n.png", "\udcff.png", "deep/1.png", "deep/2/1.png"):
        draw(folder / name)
    (folder / "deep" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "round").symlink_to(folder / "round")
    paths = list_folder(folder, recursive=True).scans
    names = {result.path for result in run_stub(paths, tmp_path / "out", base=folder)}
    assert len(names) == 6
    assert {"deep/1.png", "deep/2/1.png", "\udcff.png"} < names
    assert len(run_stub(paths, tmp_path / "out", base=folder)) == len(read_rows(tmp_path / "out" / "widths.csv")) == 6
