import math

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from boneage.imaging import Frame
from boneage.regression import ConstantBySex, HogRegressor, RegionStack
from boneage.regression.baselines import single_estimate


def test_the_constant_is_the_median_of_the_sex_and_never_sees_the_test():
    model = ConstantBySex().fit([None] * 5, [10, 20, 90, 100, 120], ["F", "F", "M", "M", "M"])
    assert [estimate.months for estimate in model.predict([None] * 3, ["M", "F", None])] == [100, 15, 90]
    assert model.n_parameters == 3


def test_one_class_only_is_enough_for_a_constant():
    model = ConstantBySex().fit([None] * 2, [10, 20], ["F", "F"])
    assert [estimate.months for estimate in model.predict([None] * 2, ["M", "F"])] == [15, 15]


@pytest.mark.parametrize(
    ("ages", "sexes", "reason"),
    [([], [], "at least 1"), ([1.0], ["F", "M"], "got 1 and 2"), ([1.0, -2.0], ["F", "M"], "hand number 1: the age"),
     ([math.nan], ["F"], "hand number 0: the age")],
)  # fmt: skip
def test_ages_that_are_none_are_refused(ages, sexes, reason):
    with pytest.raises(ValueError, match=reason):
        ConstantBySex().fit([None] * len(ages), ages, sexes)


def make_whole(rng, age):
    """A picture whose bars are the thicker, the older."""
    pixels = np.clip(rng.normal(0.2, 0.05, (1, 64, 64)), 0, 1)
    pixels[0, 10 : 10 + int(age / 6), 8:56] += 0.6
    return RegionStack(("whole",), pixels.clip(0, 1).astype(np.float32), np.array([True]), (Frame.identity(2),))


def test_gradients_tell_an_age_that_the_picture_shows():
    rng = np.random.default_rng(0)
    ages = rng.uniform(30, 200, 120)
    stacks, sexes = [make_whole(rng, age) for age in ages], ["F", "M"] * 60
    model = HogRegressor().fit(stacks[:90], ages[:90], sexes[:90])
    estimates = model.predict(stacks[90:], sexes[90:])
    assert np.abs([estimate.months - age for estimate, age in zip(estimates, ages[90:], strict=True)]).mean() < 15
    assert model.n_parameters == 7 * 7 * 4 * 9 + 2
    assert model.predict([], []) == []


def test_more_than_one_region_and_an_unfitted_model_are_refused():
    two = RegionStack(("a", "b"), np.zeros((2, 16, 16), np.float32), np.array([False] * 2), (None, None))
    with pytest.raises(ValueError, match="one region each, got one of 2"):
        HogRegressor().fit([two, two], [1, 2], ["F", "F"])
    for model in (HogRegressor(), ConstantBySex()):
        with pytest.raises(NotFittedError):
            model.predict([two], ["F"])


def test_an_age_is_never_negative_and_none_has_no_weight():
    assert single_estimate("sex", -3.0).months == 0
    missing = single_estimate("sex", math.nan, "why")
    assert (missing.region_weights, missing.reason) == ((0.0,), "why")
