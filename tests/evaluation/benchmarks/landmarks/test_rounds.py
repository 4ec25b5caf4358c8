import json
import math

import numpy as np
import pytest

from boneage.evaluation.benchmarks import checkpoint
from boneage.evaluation.benchmarks.landmarks.rounds import Round, error_rows, join_rounds, read_rounds, write_rounds
from boneage.evaluation.metrics import Case, LandmarkErrors
from boneage.imaging.errors import UnusableOutput


def make_errors():
    distances = np.array([[1.0, math.inf], [math.nan, 2.0]])
    return LandmarkErrors(
        ("h1", "h2"), ("a", "b"), distances, "px", np.array([[0.9, 0.1], [0.5, 0.6]]), lengths=np.array([100.0, 50.0])
    )


def test_a_landmark_that_was_not_found_is_a_row_without_error_and_one_without_truth_is_none():
    errors = make_errors()
    measured = [Round("fast", 0, errors, 1.0, 0.1), Round("fast", 1, errors, 1.0, 0.1)]
    rows = list(error_rows(measured[:1]))
    assert [(row["id"], row["landmark"], row["error"]) for row in rows] == [
        ("h1", "a", "1.0000"),
        ("h1", "b", "nan"),
        ("h2", "b", "2.0000"),
    ]
    assert rows[0]["score"] == "0.9000"
    joined = join_rounds(measured)
    assert joined.ids == ("h1", "h2", "h1", "h2")
    assert joined.distances.shape == joined.scores.shape == (4, 2)
    assert json.dumps(rows)
    assert joined.lengths.tolist() == [100, 50, 100, 50]


def test_rounds_survive_their_file(tmp_path):
    case = Case("h 1/ü", "a", 1.0, math.nan)
    measured = [Round("fast", 3, make_errors(), 9.0, 0.1, ((case, tmp_path / "x-case-00.png"),))]
    write_rounds(tmp_path / "x.json", "key", measured)
    (back,) = read_rounds(tmp_path / "x.json", "key")
    assert (back.variant, back.number, back.training_s, back.locating_s) == ("fast", 3, 9.0, 0.1)
    for name in ("distances", "scores", "lengths"):
        assert np.array_equal(getattr(back.errors, name), getattr(measured[0].errors, name), equal_nan=True)
    assert back.pictures[0][0].id == case.id
    assert back.pictures[0][1] == tmp_path / "x-case-00.png"
    assert read_rounds(tmp_path / "none.json", "key") == []


def test_rounds_of_another_benchmark_are_refused(tmp_path):
    write_rounds(tmp_path / "x.json", "key", [])
    with pytest.raises(UnusableOutput, match="another benchmark"):
        read_rounds(tmp_path / "x.json", "other")


HALF_A_ROUND = '{"key": "key", "code": "this", "rounds": [{"variant": "fast"}]}'


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"key": 1', HALF_A_ROUND])
def test_a_damaged_file_is_named(tmp_path, content, monkeypatch):
    monkeypatch.setattr(checkpoint, "compute_code_version", lambda *_: "this")
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UnusableOutput, match=r"x\.json: is no round of a benchmark"):
        read_rounds(tmp_path / "x.json", "key")


def test_a_picture_outside_the_folder_is_never_read(tmp_path):
    write_rounds(tmp_path / "x.json", "key", [Round("fast", 0, make_errors(), 1, 1, ())])
    content = json.loads((tmp_path / "x.json").read_text())
    content["rounds"][0]["pictures"] = [{"id": "1", "landmark": "a", "error": 1, "score": 1, "file": "../x.png"}]
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert read_rounds(tmp_path / "x.json", "key")[0].pictures[0][1] == tmp_path / "x.png"
