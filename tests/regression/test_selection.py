import dataclasses

import numpy as np
import pytest

from boneage.regression import AgeRegressor
from boneage.regression.selection import predict_views
from tests.regression.conftest import make_stack


@pytest.fixture(scope="module")
def regressor(hands, quick_settings):
    """A regressor that has learnt the discs."""
    return AgeRegressor(settings=quick_settings).fit(*hands)


def test_the_views_of_a_hand_have_about_its_age(regressor, hands):
    stacks, ages, sexes = hands
    views = predict_views(regressor, stacks, sexes)
    assert views.shape == (6, 48)
    assert np.abs(views.mean(axis=0) - ages).mean() < 25
    assert (views.std(axis=0) > 0).all()


def test_the_first_view_is_the_hand_as_it_is(regressor, hands):
    stacks, _, sexes = hands
    expected = [estimate.months for estimate in regressor.predict(stacks[:5], sexes[:5])]
    assert predict_views(regressor, stacks[:5], sexes[:5])[0] == pytest.approx(expected, abs=0.01)


def test_a_hand_does_not_depend_on_the_others(regressor, hands):
    stacks, _, sexes = hands
    together = predict_views(regressor, stacks[:4], sexes[:4])[:, 2]
    assert predict_views(regressor, stacks[2:3], sexes[2:3])[:, 0] == pytest.approx(together, abs=0.01)


def test_hands_without_an_age_have_none_in_any_view(regressor, hands):
    stacks, _, sexes = hands
    empty = make_stack(np.random.default_rng(0), 100, present=(False,) * 3)
    views = predict_views(regressor, [stacks[0], empty], sexes[:2])
    assert np.isfinite(views[:, 0]).all()
    assert np.isnan(views[:, 1]).all()
    assert np.isnan(predict_views(regressor, [empty], ["F"])).all()


def test_a_model_that_needs_the_sex_gives_no_age_without(hands, quick_settings):
    recipe = dataclasses.replace(quick_settings.recipe, epochs=1)
    settings = dataclasses.replace(quick_settings, recipe=recipe, use_sex=True)
    needing = AgeRegressor(settings=settings).fit(*hands)
    assert np.isnan(predict_views(needing, hands[0][:1], [None])).all()
