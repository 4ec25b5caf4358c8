import dataclasses
import math

import pytest

from boneage.evaluation.benchmarks.ages.rounds import (
    PREDICTION_COLUMNS,
    AgeRound,
    Prediction,
    join_age_rounds,
    load_round,
    prediction_rows,
    save_round,
)
from boneage.evaluation.benchmarks.checkpoint import save_measured
from boneage.imaging import AgeRecord
from boneage.imaging.errors import UnusableOutput

KNOWN = {"h1": AgeRecord(100.0, "F"), "h2": AgeRecord(50.0, None), "h3": AgeRecord(70.0, "M")}


def make_round(number, *predictions):
    return AgeRound("whole", number, predictions, 10, 99, 3, 30.0, 0.01, 0.002, 400.0, "commit abc1234")


ROUNDS = [
    make_round(0, Prediction("h1", "test", 106.0), Prediction("h3", "validation", 60.0)),
    make_round(1, Prediction("h2", "test", math.nan, "no hand")),
]


def test_rounds_are_joined_and_hands_without_an_age_are_apart():
    ages, unread = join_age_rounds(ROUNDS, KNOWN)
    assert (ages.ids, ages.errors.tolist(), ages.sexes) == (("h1",), [6.0], ("F",))
    assert [prediction.id for prediction in unread] == ["h2"]
    assert join_age_rounds(ROUNDS, KNOWN, "validation")[0].errors.tolist() == [-10.0]
    assert join_age_rounds(ROUNDS[1:], KNOWN)[0] is None


def test_every_hand_has_a_row_and_unknown_cells_are_blank():
    rows = list(prediction_rows(ROUNDS, KNOWN))
    assert [list(row) for row in rows] == [list(PREDICTION_COLUMNS)] * 3
    assert list(rows[0].values()) == ["whole", 0, "test", "h1", "F", "100.00", "106.00", "6.00", ""]
    assert list(rows[2].values()) == ["whole", 1, "test", "h2", "", "50.00", "", "", "no hand"]


def test_a_round_is_the_same_after_a_round_trip(tmp_path):
    for measured in ROUNDS:
        path = tmp_path / f"{measured.number}.json"
        save_round(path, "key", measured)
        back = load_round(path, "key")
        assert repr(back) == repr(measured)
        assert dataclasses.replace(back, predictions=()) == dataclasses.replace(measured, predictions=())
    assert load_round(tmp_path / "absent.json", "key") is None


def test_a_file_of_another_benchmark_or_without_a_round_is_refused(tmp_path):
    save_round(tmp_path / "x.json", "key", ROUNDS[0])
    with pytest.raises(UnusableOutput, match="another benchmark"):
        load_round(tmp_path / "x.json", "other")
    save_measured(tmp_path / "x.json", "key", {"variant": "whole"})
    with pytest.raises(UnusableOutput, match="no round of a benchmark"):
        load_round(tmp_path / "x.json", "key")
