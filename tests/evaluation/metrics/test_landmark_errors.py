import math

import numpy as np
import pytest

from boneage.evaluation.metrics import measure_landmarks, read_reference, summarise_distances, summarise_landmarks
from boneage.imaging import Points

NAN = [math.nan, math.nan]


def points(*positions):
    return Points(("a", "b"), list(positions))


TRUTH = {"1": points([0, 0], [30, 40]), "2": points([0, 0], [60, 80])}


def test_distances_in_pixels_and_in_the_references_unit():
    predicted = {"1": points([3, 4], [30, 40]), "2": points([3, 4], [60, 80])}
    pixels = measure_landmarks(predicted, TRUTH)
    assert pixels.distances.tolist() == [[5, 0], [5, 0]]
    assert pixels.unit == "px"
    scaled = measure_landmarks(predicted, TRUTH, read_reference("a:b=50mm"))
    assert scaled.distances.tolist() == [[5, 0], [2.5, 0]]
    assert scaled.unit == "mm"


def test_what_is_not_found_counts_as_a_failure_and_what_has_no_truth_does_not_count():
    truth = {"1": points([0, 0], NAN), "2": points([0, 0], [5, 5])}
    errors = measure_landmarks({"1": points([1, 0], [0, 0]), "2": points(NAN, [5, 5])}, truth)
    summary = summarise_landmarks(errors)["overall"]
    assert (summary["n"], summary["n_not_found"]) == (3, 1)
    assert summary["mean"] == 0.5
    assert summary["within_2"] == pytest.approx(2 / 3)
    assert summary["beyond_10"] == pytest.approx(1 / 3)


def test_figures_of_a_known_list():
    summary = summarise_distances(np.array([1.0, 2.0, 3.0, 14.0]))
    assert (summary["mean"], summary["median"], summary["worst"]) == (5.0, 2.5, 14.0)
    assert (summary["within_2"], summary["within_4"], summary["within_10"], summary["beyond_10"]) == (
        0.5, 0.75, 0.75, 0.25,
    )  # fmt: skip
    assert summary["sd"] == pytest.approx(np.std([1, 2, 3, 14], ddof=1))
    assert math.isnan(summarise_distances(np.array([]))["mean"])


def test_names_are_matched_not_their_order():
    swapped = {"1": Points(("b", "a"), [[30, 40], [0, 0]])}
    assert measure_landmarks(swapped, TRUTH).distances.tolist() == [[0, 0]]


def test_hands_of_one_side_only_are_told():
    errors = measure_landmarks({"1": TRUTH["1"], "9": TRUTH["1"]}, TRUTH)
    assert (errors.without_prediction, errors.without_truth) == (("2",), ("9",))


def test_nothing_in_common_is_an_error():
    with pytest.raises(ValueError, match="no image"):
        measure_landmarks({"9": TRUTH["1"]}, TRUTH)
    with pytest.raises(ValueError, match="nothing in common"):
        measure_landmarks({"1": Points(("c",), [[0, 0]])}, TRUTH)
    with pytest.raises(ValueError, match="1: the reference cannot be measured"):
        measure_landmarks(TRUTH, {"1": points([0, 0], NAN)}, read_reference("a:b=50mm"))


def test_where_nothing_was_found_the_mean_is_unknown_and_every_rate_is_nought():
    summary = summarise_landmarks(measure_landmarks({"1": points(NAN, NAN), "2": points(NAN, NAN)}, TRUTH))["overall"]
    assert math.isnan(summary["mean"])
    assert all(math.isnan(value) for value in summary["mean_interval_95"])
    assert (summary["n_not_found"], summary["within_10"], summary["beyond_10"]) == (4, 0.0, 1.0)


def test_all_that_has_a_truth_is_told_one_by_one():
    truth = {"1": points([0, 0], NAN), "2": points([0, 0], [5, 5])}
    errors = measure_landmarks({"1": points([1, 0], [0, 0]), "2": points(NAN, [5, 5])}, truth)
    rows = [(id_, name, distance) for id_, name, distance, _ in errors.annotated()]
    assert rows == [("1", "a", 1.0), ("2", "a", pytest.approx(math.nan, nan_ok=True)), ("2", "b", 0.0)]


def test_outliers_are_judged_by_the_length_of_the_anatomy_too():
    errors = measure_landmarks({"1": points([6, 0], [30, 40]), "2": points([6, 0], [60, 80])}, TRUTH)
    assert errors.lengths.tolist() == [50, 100]
    assert errors.percent_of_length.tolist() == [[12, 0], [6, 0]]
    assert summarise_landmarks(errors)["overall"]["beyond_10_percent"] == 0.25
    scaled = measure_landmarks({"1": points([6, 0], [30, 40])}, TRUTH, read_reference("a:b=50mm"))
    assert scaled.percent_of_length.tolist() == [[12, 0]]


def test_a_hand_with_one_landmark_has_no_length_and_is_in_no_rate_of_it():
    truth = {"1": points([0, 0], NAN), "2": points([3, 3], [3, 3]), "3": points([0, 0], [0, 100])}
    found = {"1": points([50, 0], [0, 0]), "2": points([3, 3], [3, 3]), "3": points([0, 0], NAN)}
    errors = measure_landmarks(found, truth)
    assert np.isnan(errors.lengths).tolist() == [True, True, False]
    assert summarise_landmarks(errors)["overall"]["beyond_10_percent"] == 0.5
    alone = measure_landmarks({"1": found["1"]}, truth)
    assert math.isnan(summarise_landmarks(alone)["overall"]["beyond_10_percent"])


def test_parts_of_errors_keep_all_that_belongs_to_them():
    errors = measure_landmarks({"1": points([6, 0], [30, 40]), "2": points([3, 0], [60, 80])}, TRUTH)
    part = errors.of_hands([1]).of_landmarks(["b", "a"])
    assert (part.ids, part.names, part.distances.tolist(), part.lengths.tolist()) == (
        ("2",),
        ("b", "a"),
        [[0, 3]],
        [100],
    )
    assert part.scores.shape == (1, 2)


def test_positions_may_count_in_millimetres():
    errors = measure_landmarks({"1": Points(("a",), [[0, 3, 4]])}, {"1": Points(("a",), [[0, 0, 0]])}, unit="mm")
    assert (errors.unit, errors.distances.tolist()) == ("mm", [[5.0]])
