import math

import numpy as np

from boneage.evaluation.metrics import AgeErrors, compare_ages, summarise_ages
from boneage.evaluation.reports.ages.tables import (
    order_by_error,
    tabulate_age_groups,
    tabulate_ages,
    tabulate_costs,
    tabulate_side_by_side,
    tabulate_worst,
)

AGES = AgeErrors(("h1", "h2", "h3"), np.array([100.0, 60, 33]), np.array([94.0, 90, 30]), ("F", "M", None))


def test_summaries_are_rows_under_one_header():
    header, rows = tabulate_ages({"all": summarise_ages(AGES), "one": summarise_ages(AGES.of_hands([0]))}, "group")
    assert header[0] == "group"
    assert {len(row) for row in rows} == {len(header)}
    assert rows[0][:3] == ["all", "3", "13.00"]
    assert rows[1][:4] == ["one", "1", "6.00", "-"]
    assert rows[0][-3:] == ["67 %", "67 %", "67 %"]
    grouped = tabulate_age_groups({"sex": {"girls": summarise_ages(AGES)}})[1]
    assert grouped[0][0] == "sex: girls"


def test_the_worst_hands_come_first():
    assert order_by_error(AGES) == [1, 0, 2]
    rows = tabulate_worst(AGES, 2)[1]
    assert rows == [["h2", "boys", "90.0", "60.0", "-30.0"], ["h1", "girls", "94.0", "100.0", "+6.0"]]


def test_the_best_variant_is_the_measure_of_the_others():
    other = AgeErrors(AGES.ids, AGES.true_months + 20, AGES.true_months, AGES.sexes)
    summary = {
        name: {**summarise_ages(ages), "against_best": compare_ages(ages, AGES)}
        for name, ages in {"ours": AGES, "theirs": other}.items()
    }
    rows = tabulate_side_by_side(summary)[1]
    assert rows[0][-2:] == ["-", "-"]
    assert rows[1][-2] == "+7.00"


def test_costs_have_units():
    cost = {
        "n_parameters": 12345,
        "epochs": 3,
        "epoch_s": 1.26,
        "preparing_s": 0.2,
        "predicting_s": 0.0015,
        "peak_mb": 512.4,
    }
    assert tabulate_costs({"whole": cost})[1] == [["whole", "12,345", "3", "1.3 s", "200 ms", "1.5 ms", "512 MB"]]
    assert not math.isnan(cost["epoch_s"])
