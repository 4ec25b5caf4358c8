import dataclasses
import math

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from boneage.regression import BackboneSettings, FeatureRidge
from tests.regression.conftest import REGIONS, make_stack, write_backbone

SETTINGS = BackboneSettings("vgg16", "pool1")


def enlarged(stack):
    return dataclasses.replace(stack, pixels=stack.pixels.repeat(2, axis=1).repeat(2, axis=2))


def hand(rng, age, sex="F", present=(True, True, True)):
    return enlarged(make_stack(rng, age, sex, present))


@pytest.fixture(scope="module")
def learnt(hands, tmp_path_factory):
    """A model fitted to hands whose third region does not depend on the age, with the options it was made with."""
    folder = tmp_path_factory.mktemp("ridge")
    weights = write_backbone(folder, "vgg16", "pool1")
    rng = np.random.default_rng(0)
    stacks = []
    for stack in hands[0]:
        pixels = stack.pixels.copy()
        pixels[2] = rng.uniform(size=(16, 16))
        stacks.append(enlarged(dataclasses.replace(stack, pixels=pixels)))
    options = {"settings": SETTINGS, "weights": weights, "cache": folder / "cache"}
    return FeatureRidge(**options).fit(stacks, *hands[1:]), stacks, options


def test_it_learns_what_the_regions_show(learnt):
    rng = np.random.default_rng(9)
    ages, sexes = np.linspace(40, 190, 12), ["F", "M"] * 6
    estimates = learnt[0].predict([hand(rng, a, s) for a, s in zip(ages, sexes, strict=True)], sexes)
    assert np.abs([e.months - a for e, a in zip(estimates, ages, strict=True)]).mean() < 12


def test_it_counts_what_it_learnt(learnt):
    assert learnt[0].n_parameters == len(REGIONS) * (64 + 1 + 1)  # features, sex, intercept


def test_a_region_that_shows_nothing_has_the_error_of_a_guess(learnt, hands):
    errors = learnt[0].errors_
    assert errors.shape == (len(REGIONS),)
    assert 0 < errors[:2].max() < errors[2] / 5
    assert 0.8 * np.var(hands[1]) < errors[2] < 2 * np.var(hands[1])


def test_a_region_weighs_as_the_inverse_of_its_error(learnt):
    model = learnt[0]
    stack = hand(np.random.default_rng(1), 120.0)
    whole, part = model.predict([stack, hand(np.random.default_rng(1), 120.0, present=(True, False, True))], ["F", "F"])
    assert whole.region_weights == pytest.approx((1 / model.errors_) / (1 / model.errors_).sum())
    assert whole.months == pytest.approx(np.dot(whole.region_weights, whole.region_months))
    assert part.region_weights[1] == 0
    assert math.isnan(part.region_months[1])
    assert sum(part.region_weights) == pytest.approx(1.0)


def test_hands_that_cannot_be_read_have_a_reason(learnt):
    rng = np.random.default_rng(1)
    stacks = [hand(rng, 120.0), hand(rng, 120.0, present=(False,) * 3), hand(rng, 120.0)]
    complete, empty, unknown = learnt[0].predict(stacks, ["F", "F", None])
    assert math.isfinite(complete.months)
    assert empty.reason == "no region could be cropped"
    assert "sex is not known" in unknown.reason
    assert learnt[0].predict([], []) == []


def test_a_region_that_was_never_seen_says_nothing(learnt, hands):
    rng = np.random.default_rng(3)
    stacks = [hand(rng, a, s, present=(True, False, True)) for a, s in zip(*hands[1:], strict=True)]
    model = FeatureRidge(**learnt[2]).fit(stacks, *hands[1:])
    whole, only = model.predict([hand(rng, 100.0), hand(rng, 100.0, present=(False, True, False))], ["F", "F"])
    assert whole.region_weights[1] == 0
    assert math.isnan(only.months)
    assert "no region that the model knows" in only.reason


def test_without_sex_the_sex_does_not_matter(learnt, hands):
    model = FeatureRidge(**learnt[2], use_sex=False).fit(learnt[1], hands[1], [None] * len(learnt[1]))
    girl, unknown = model.predict([learnt[1][0]] * 2, ["F", None])
    assert girl == unknown
    assert not model.needs_sex


def test_bad_input_is_refused(learnt, hands):
    with pytest.raises(NotFittedError):
        FeatureRidge().predict(learnt[1][:1], ["F"])
    with pytest.raises(ValueError, match="hand 4211: the age"):
        FeatureRidge(**learnt[2]).fit(learnt[1][:2], [math.nan, 3.0], ["F", "F"], ids=["4211", "4212"])
    with pytest.raises(ValueError, match="trained on"):
        learnt[0].predict([hands[0][0]], ["F"])
