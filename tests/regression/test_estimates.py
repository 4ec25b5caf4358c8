import math

import pytest

from boneage.regression import AgeEstimate, AgeInterval, merge_estimates, missing_estimate

NAN = math.nan
HAND = AgeEstimate(90.0, ("hand",), (90.0,), (1.0,))
BONES = AgeEstimate(104.0, ("radius", "ulna", "carpus"), (110.0, 100.0, NAN), (0.4, 0.6, 0.0))


def by_name(estimate):
    return {
        name: (months, weight)
        for name, months, weight in zip(
            estimate.region_names, estimate.region_months, estimate.region_weights, strict=True
        )
    }


def weighted_mean(estimate):
    return math.fsum(weight * months for months, weight in by_name(estimate).values() if weight)


def test_the_age_is_the_mean_and_still_the_weighted_mean_of_the_regions():
    merged = merge_estimates([HAND, BONES])
    assert merged.months == 97.0
    assert merged.region_names == ("hand", "radius", "ulna", "carpus")
    assert merged.region_months[:3] == (90.0, 110.0, 100.0)
    assert merged.region_weights == pytest.approx((0.5, 0.2, 0.3, 0.0))
    assert weighted_mean(merged) == pytest.approx(merged.months)
    assert math.isnan(merged.region_months[3])
    assert not merged.reason


def test_a_region_of_several_models_is_one_of_their_weighted_ages():
    second = AgeEstimate(80.0, ("ulna", "radius"), (80.0, NAN), (1.0, 0.0))
    merged = merge_estimates([BONES, second])
    assert merged.region_names == ("radius", "ulna", "carpus"), "in the order of the first model that names them"
    of_regions = by_name(merged)
    assert of_regions["radius"] == (110.0, pytest.approx(0.2)), "only one model has an age for it"
    assert of_regions["ulna"] == (pytest.approx((0.6 * 100 + 1.0 * 80) / 1.6), pytest.approx(0.8))
    assert merged.months == 92.0
    assert weighted_mean(merged) == pytest.approx(92.0)


def test_what_weighs_nothing_has_the_plain_mean_of_what_is_said_of_it():
    first, second = (AgeEstimate(age, ("a", "b"), (age, 10.0 + age), (1.0, 0.0)) for age in (50.0, 70.0))
    assert by_name(merge_estimates([first, second]))["b"] == (70.0, 0.0)


def test_a_model_without_an_age_does_not_count_and_its_regions_weigh_nothing():
    merged = merge_estimates([missing_estimate(BONES.region_names, "no bones"), HAND])
    assert (merged.months, merged.reason) == (90.0, "")
    assert merged.region_names == ("radius", "ulna", "carpus", "hand")
    assert merged.region_weights == (0.0, 0.0, 0.0, 1.0)
    assert [math.isnan(months) for months in merged.region_months] == [True, True, True, False]


def test_without_any_age_there_is_the_first_reason():
    merged = merge_estimates([missing_estimate(("hand",), "no hand"), missing_estimate(("radius", "hand"), "no bones")])
    assert math.isnan(merged.months)
    assert (merged.region_names, merged.region_weights, merged.reason) == (("hand", "radius"), (0.0, 0.0), "no hand")


def test_one_model_alone_is_left_as_it_is_and_twice_the_same_says_the_same():
    assert merge_estimates([BONES]) is BONES
    twice = merge_estimates([BONES, BONES])
    assert twice.months == BONES.months
    assert twice.region_weights == BONES.region_weights
    assert twice.region_months == pytest.approx(BONES.region_months, nan_ok=True)


def test_the_spread_is_that_of_the_regions_by_their_weights_and_stays_when_all_move():
    estimate = AgeEstimate(100.0, ("a", "b", "c"), (90.0, 110.0, math.nan), (0.5, 0.5, 0.0))
    assert estimate.spread_months == pytest.approx(10.0)
    moved = estimate.move(-5.0)
    assert (moved.months, moved.region_months[:2]) == (95.0, (85.0, 105.0))
    assert math.isnan(moved.region_months[2])
    assert moved.spread_months == pytest.approx(10.0)
    assert math.isnan(missing_estimate(("a",), "no region").spread_months)
    assert AgeEstimate(100.0, ("hand",), (100.0,), (1.0,)).spread_months == 0.0


def test_an_interval_has_ends_in_order_or_none_and_a_reason():
    with pytest.raises(ValueError, match="ends in order"):
        AgeInterval(10.0, 5.0, 0.9, 100)
    with pytest.raises(ValueError, match="ends in order"):
        AgeInterval(math.nan, math.nan, 0.9, 100)
    with pytest.raises(ValueError, match="ends in order"):
        AgeInterval(5.0, 10.0, 0.9, 100, "none")
