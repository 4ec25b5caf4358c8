import json

import pytest

from boneage.evaluation.benchmarks import checkpoint
from boneage.evaluation.benchmarks.checkpoint import describe_commits, load_measured, save_measured
from boneage.imaging.errors import UnusableOutput


def test_what_was_saved_is_loaded_and_a_missing_file_is_none(tmp_path):
    save_measured(tmp_path / "x.json", "key", [1, 2])
    assert load_measured(tmp_path / "x.json", "key", sum) == 3
    assert load_measured(tmp_path / "absent.json", "key", sum) is None


def test_a_file_of_another_benchmark_or_a_damaged_one_is_named(tmp_path):
    save_measured(tmp_path / "x.json", "key", [1])
    with pytest.raises(UnusableOutput, match="another benchmark"):
        load_measured(tmp_path / "x.json", "other", sum)
    with pytest.raises(UnusableOutput, match=r"x\.json: is no round"):
        load_measured(tmp_path / "x.json", "key", lambda rounds: rounds["absent"])
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(UnusableOutput, match=r"x\.json: is no round"):
        load_measured(tmp_path / "x.json", "key", sum)


def test_what_other_code_measured_is_measured_again(tmp_path, monkeypatch):
    save_measured(tmp_path / "x.json", "key", [1, 2])
    monkeypatch.setattr(checkpoint, "compute_code_version", lambda *packages: "other")
    assert load_measured(tmp_path / "x.json", "key", sum) is None
    with pytest.raises(UnusableOutput, match="another benchmark"):
        load_measured(tmp_path / "x.json", "other", sum)
    save_measured(tmp_path / "x.json", "key", [3])
    assert load_measured(tmp_path / "x.json", "key", sum) == 3


def test_rounds_of_before_the_version_was_recorded_are_measured_again(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"key": "key", "rounds": [1]}))
    assert load_measured(tmp_path / "x.json", "key", sum) is None


def test_a_file_names_the_commit_that_measured_it(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "name_commit", lambda: "commit abc1234")
    save_measured(tmp_path / "x.json", "key", [1])
    assert json.loads((tmp_path / "x.json").read_text())["commit"] == "commit abc1234"


def test_a_report_names_every_commit_that_rounds_are_of(tmp_path, monkeypatch):
    files = [tmp_path / f"{k}.json" for k in range(3)]
    for file, commit in zip(files, ("commit a", "commit a", "commit b"), strict=True):
        monkeypatch.setattr(checkpoint, "name_commit", lambda commit=commit: commit)
        save_measured(file, "key", [1])
    assert describe_commits(files[:2]) == "Measured at commit a."
    assert describe_commits(files) == "Rounds measured at commit a, commit b."
