import math

import numpy as np

from boneage.evaluation.metrics import LandmarkErrors, count_outliers, evaluate_scores, summarise_landmarks
from boneage.evaluation.reports.landmarks.tables import (
    describe_overall,
    describe_scores,
    name_unit,
    tabulate_groups,
    tabulate_landmarks,
    tabulate_outliers,
    tabulate_variants,
)


def make(rows, ids=None, scores=math.nan, length=50.0):
    distances = np.array(rows, dtype=float)
    ids = ids or tuple(f"h{k}" for k in range(len(rows)))
    names = tuple("abcdef"[: distances.shape[1]])
    return LandmarkErrors(
        ids, names, distances, "mm", np.full(distances.shape, scores), lengths=np.full(len(rows), length)
    )


def cells(table, row):
    header, rows = table
    assert all(len(line) == len(header) for line in rows)
    return dict(zip(header, next(line for line in rows if line[0] == row), strict=True))


def test_each_landmark_has_a_row_and_limits_carry_their_unit():
    table = tabulate_landmarks(summarise_landmarks(make([[1, 6], [3, math.inf], [5, math.nan]])))
    a, b, all_ = (cells(table, name) for name in ("a", "b", "all"))
    assert (a["n"], a["mean"], a["sd"], a["median"], a["<= 4 mm"], a["> 10 % length"]) == (
        "3", "3.00", "2.00", "3.00", "66.7 %", "0.0 %",
    )  # fmt: skip
    assert (b["n"], b["mean"], b["sd"], b["95th"], b["not found"], b["> 10 mm"], b["> 10 % length"]) == (
        "2", "6.00", "-", "not found", "1", "50.0 %", "100.0 %",
    )  # fmt: skip
    assert all_["n"] == "5"


def test_what_nothing_is_known_of_is_a_dash():
    row = cells(tabulate_landmarks(summarise_landmarks(make([[math.nan]]))), "a")
    assert (row["n"], row["mean"], row["<= 2 mm"], row["worst"]) == ("0", "-", "-", "-")
    assert "Mean error - mm" in describe_overall(summarise_landmarks(make([[math.nan]]))["overall"], "mm")


def test_variants_have_their_times():
    summary = {**summarise_landmarks(make([[1], [2]])), "training_s": [9, 11], "locating_s": [0.1, 0.2]}
    row = cells(tabulate_variants({"fast": summary}), "fast")
    assert (row["training"], row["an image"], row["not found"]) == ("10.0 s", "150 ms", "0.00 %")


def test_groups_are_rows_and_one_hand_has_no_interval():
    table = tabulate_groups({"sex": {"girls": make([[1, 2]]), "boys": make([[1, 2], [3, 4]])}}, "mm")
    assert cells(table, "sex: girls")["95 % interval"] == "-"
    assert cells(table, "sex: boys")["images"] == "2"


def test_hands_without_outliers_are_not_listed():
    table = tabulate_outliers(count_outliers(make([[1, 1], [20, math.inf], [math.inf, math.inf]])), "mm")
    assert len(table[1]) == 2
    assert cells(table, "h1")["worst found, mm"] == "20.0 (a)"
    assert cells(table, "h2")["worst found, mm"] == "-"
    twice = tabulate_outliers(count_outliers(make([[20], [1]], ids=("h", "h"))), "mm")
    assert cells(twice, "h")["tested"] == "2 x"
    assert len(tabulate_outliers(count_outliers(make([[20]] * 30)), "mm")[1]) == 12


def test_what_the_scores_know_is_told_in_words():
    errors = make([[1, 9], [2, math.inf], [1, 30]])
    errors = LandmarkErrors(errors.ids, errors.names, errors.distances, "mm", 1 / (1 + errors.distances))
    text = describe_scores(evaluate_scores(errors), "mm")
    assert "Of 5 landmarks found with a score, 2 are off by more than 4 mm." in text
    assert "with a chance of 1.00" in text
    assert "Of 2 landmarks beyond 10 mm or not found, the localiser withheld 1 and gave 1 without a warning." in text
    assert describe_scores(evaluate_scores(make([[1]], scores=0.5)), "mm") == (
        "Of 1 landmarks found with a score, 0 are off by more than 4 mm. "
        "Either all are right or all are wrong, so nothing can be separated."
    )


def test_the_unit_says_where_it_comes_from():
    assert name_unit("px", None) == "px of the original image"
    assert name_unit("mm", None) == "mm, by the spacing in the files"
    assert name_unit("mm", "a:b=50mm") == "mm (a:b=50mm in every image, by convention)"
