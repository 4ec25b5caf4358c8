import math

import numpy as np
import pytest

from boneage.pipeline.growth_reference import compare_ages, list_reference


@pytest.mark.parametrize(
    ("sex", "age", "mean", "deviation"),
    [
        ("M", 3, 3.01, 0.69), ("M", 120, 125.68, 9.79), ("M", 204, 206.21, 13.05),
        ("F", 60, 66.21, 11.65), ("F", 192, 189.44, 7.31),
    ],
)  # fmt: skip
def test_the_scores_are_those_of_the_table(sex, age, mean, deviation):
    assert compare_ages(mean, age, sex).sd_score == pytest.approx(0)
    found = compare_ages(mean - 2.1 * deviation, age, sex)
    assert found.sd_score == pytest.approx(-2.1)
    assert found.determination == "delayed"
    assert found.difference_months == pytest.approx(mean - 2.1 * deviation - age)


def test_between_ages_mean_and_deviation_are_interpolated():
    assert compare_ages((125.68 + 137.32) / 2 + 2.5 * (9.79 + 10.09) / 2, 126, "M").sd_score == pytest.approx(2.5)
    assert compare_ages(126, 126, "M").determination == "normal"
    assert compare_ages(160, 126, "M").determination == "advanced"


def test_the_table_rises_and_varies_with_age():
    for sex in "FM":
        ages, means, deviations = list_reference(sex).T
        assert (np.diff(ages) > 0).all()
        assert (np.diff(means) > 0).all()
        assert (np.abs(means - ages) < deviations).all()


@pytest.mark.parametrize(
    ("bone_age", "age", "sex", "reason"),
    [
        (math.nan, 120, "F", "there is no bone age"),
        (120, math.nan, "F", "the chronological age is not known"),
        (120, 120, None, "the sex is not known"),
        (10, 2.9, "M", "has boys of 0 y 3 m to 17 y 0 m"),
        (200, 192.1, "F", "has girls of 0 y 3 m to 16 y 0 m"),
    ],
)
def test_without_a_place_in_the_table_there_is_no_score(bone_age, age, sex, reason):
    found = compare_ages(bone_age, age, sex)
    assert reason in found.reason
    assert math.isnan(found.sd_score)
    assert found.determination == "indeterminate"
