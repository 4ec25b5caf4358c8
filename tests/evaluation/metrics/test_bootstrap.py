import math

import numpy as np
import pytest

from boneage.evaluation.metrics import bootstrap_interval, bootstrap_mean_interval
from boneage.evaluation.metrics.bootstrap import expand_level


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for k in range(150):
        low, high = bootstrap_interval(rng.normal(3.0, 1.0, 40), lambda v: float(v.mean()), rounds=300, seed=k)
        covered += low < 3.0 < high
    assert 0.88 < covered / 150 <= 1.0


def test_an_interval_over_seven_covers_what_it_says_if_its_percentiles_are_expanded():
    rng = np.random.default_rng(0)
    rows = rng.normal(3.0, 1.0, (600, 7))

    def coverage(level):
        intervals = np.array([bootstrap_mean_interval(row, level=level) for row in rows])
        return np.mean((intervals[:, 0] < 3.0) & (intervals[:, 1] > 3.0))

    assert coverage(0.95) < 0.92
    assert 0.93 < coverage(expand_level(0.95, 7)) < 0.98


def test_hands_are_drawn_whole():
    # Two landmarks that are always opposite: the mean over hands does not vary at all.
    rows = np.stack([np.arange(20.0), -np.arange(20.0)], axis=1)
    assert bootstrap_interval(rows, lambda r: float(r.mean())) == (0.0, 0.0)


def test_it_is_seeded_and_says_nothing_about_one_hand():
    values = np.arange(10.0)
    assert bootstrap_interval(values, np.mean, seed=1) == bootstrap_interval(values, np.mean, seed=1)
    assert all(math.isnan(v) for v in bootstrap_interval(values[:1], np.mean))
    low, high = bootstrap_interval(values, np.mean)
    assert low < 4.5 < high


def test_a_patient_who_is_there_twice_is_drawn_as_a_whole():
    values = np.arange(10.0)
    twice = bootstrap_interval(np.repeat(values, 2), np.mean, patients=[str(k // 2) for k in range(20)])
    assert twice == bootstrap_interval(values, np.mean)
    as_if_twenty = bootstrap_interval(np.repeat(values, 2), np.mean)
    assert as_if_twenty[1] - as_if_twenty[0] < 0.85 * (twice[1] - twice[0])
    assert all(math.isnan(v) for v in bootstrap_interval(values, np.mean, patients=["one"] * 10))


def test_the_quick_interval_of_a_mean_is_that_of_the_general_one():
    rng = np.random.default_rng(3)
    values = rng.exponential(size=(40, 7))
    values[3, 2], values[5, 1] = np.inf, np.nan
    patients = [str(k // 2) for k in range(40)]
    quick = bootstrap_mean_interval(values, patients=patients)
    slow = bootstrap_interval(values, lambda part: float(part[np.isfinite(part)].mean()), patients=patients)
    assert quick == pytest.approx(slow, rel=0.03)


def test_the_quick_interval_needs_two_patients_and_a_value():
    assert np.isnan(bootstrap_mean_interval(np.array([[1.0], [2.0]]), patients=["a", "a"])).all()
    assert np.isnan(bootstrap_mean_interval(np.array([[np.inf], [np.nan]]))).all()
