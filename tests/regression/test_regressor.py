import dataclasses
import math

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from boneage.regression import AgeRegressor, RegressorSettings
from tests.regression.conftest import REGIONS, make_stack


@pytest.fixture(scope="module")
def fitted(hands, quick_settings):
    return AgeRegressor(settings=quick_settings, random_state=0).fit(*hands)


def test_it_learns_what_the_regions_show(fitted):
    rng = np.random.default_rng(9)
    ages = np.linspace(40, 190, 12)
    sexes = ["F", "M"] * 6
    estimates = fitted.predict([make_stack(rng, a, s) for a, s in zip(ages, sexes, strict=True)], sexes)
    assert np.abs([e.months - a for e, a in zip(estimates, ages, strict=True)]).mean() < 15


def test_weights_sum_to_one_and_the_answer_is_the_weighted_mean(fitted):
    stack = make_stack(np.random.default_rng(1), 120.0)
    estimate = fitted.predict([stack], ["F"])[0]
    assert estimate.region_names == REGIONS
    assert sum(estimate.region_weights) == pytest.approx(1.0)
    assert estimate.months == pytest.approx(np.dot(estimate.region_weights, estimate.region_months), abs=1e-3)


def test_a_missing_region_weighs_nothing_and_says_nothing(fitted):
    stack = make_stack(np.random.default_rng(1), 120.0, present=(True, False, True))
    estimate = fitted.predict([stack], ["F"])[0]
    assert estimate.region_weights[1] == 0
    assert math.isnan(estimate.region_months[1])
    assert math.isfinite(estimate.months)


def test_hands_that_cannot_be_read_have_a_reason_and_spoil_no_other(fitted):
    rng = np.random.default_rng(1)
    whole, empty = make_stack(rng, 120.0), make_stack(rng, 120.0, present=(False, False, False))
    fine, nothing, unknown = fitted.predict([whole, empty, whole], ["F", "F", None])
    assert math.isnan(nothing.months)
    assert nothing.reason == "no region could be cropped"
    assert math.isnan(unknown.months)
    assert "sex is not known" in unknown.reason
    assert fine.months == pytest.approx(fitted.predict([whole], ["F"])[0].months, abs=1e-3)


def test_without_sex_the_sex_does_not_matter(hands, quick_settings):
    settings = dataclasses.replace(
        quick_settings, use_sex=False, recipe=dataclasses.replace(quick_settings.recipe, epochs=2)
    )
    regressor = AgeRegressor(settings=settings).fit(hands[0], hands[1], [None] * len(hands[0]))
    girl, boy, unknown = regressor.predict([hands[0][0]] * 3, ["F", "M", None])
    # equal but for the last bits, which may differ by place in a batch
    assert boy.months == pytest.approx(girl.months, abs=1e-3)
    assert unknown.months == pytest.approx(girl.months, abs=1e-3)
    assert not regressor.needs_sex


def test_state_and_back_predicts_the_same(fitted, hands):
    config, arrays = fitted.to_state()
    again = AgeRegressor.from_state(config, arrays)
    for name, tensor in fitted.network_.state_dict().items():
        assert torch.equal(again.network_.state_dict()[name], tensor)
    answers = zip(again.predict(hands[0][:3], hands[2][:3]), fitted.predict(hands[0][:3], hands[2][:3]), strict=True)
    assert all(one.months == pytest.approx(other.months, abs=1e-3) for one, other in answers)


@pytest.mark.parametrize("broken", ["array", "missing", "finite", "settings", "spread"])
def test_states_that_do_not_fit_together_are_refused(fitted, broken):
    config, arrays = fitted.to_state()
    config, arrays = dict(config), dict(arrays)
    if broken == "array":
        arrays["age.weight"] = arrays["age.weight"][:, :3]
    elif broken == "missing":
        del arrays["age.weight"]
    elif broken == "finite":
        arrays["age.weight"] = arrays["age.weight"] * np.nan
    elif broken == "settings":
        config["settings"] = {**config["settings"], "fusion": "best"}
    else:
        config["spread_months"] = 0.0
    with pytest.raises(ValueError, match=r"fit|finite|fusion|malformed"):
        AgeRegressor.from_state(config, arrays)


def test_training_data_is_checked(hands, quick_settings):
    stacks, ages, sexes = hands
    regressor = AgeRegressor(settings=quick_settings)
    with pytest.raises(ValueError, match="at least 2 hands"):
        regressor.fit(stacks[:1], ages[:1], sexes[:1])
    with pytest.raises(ValueError, match="hand number 1: the age"):
        regressor.fit(stacks[:2], [10.0, math.nan], sexes[:2])
    with pytest.raises(ValueError, match="hand number 0: the sex"):
        regressor.fit(stacks[:2], ages[:2], [None, "F"])
    empty = make_stack(np.random.default_rng(0), 10.0, present=(False,) * 3)
    with pytest.raises(ValueError, match="hand number 1: no region"):
        regressor.fit([stacks[0], empty], ages[:2], sexes[:2])


def test_other_regions_than_the_trained_ones_are_refused(fitted, hands):
    stack = hands[0][0]
    other = dataclasses.replace(stack, names=("a", "b", "c"))
    with pytest.raises(ValueError, match="trained on"):
        fitted.predict([other], ["F"])


def test_an_unfitted_model_says_so(hands):
    with pytest.raises(NotFittedError):
        AgeRegressor().predict(hands[0][:1], ["F"])
    with pytest.raises(ValueError, match="fusion"):
        RegressorSettings(fusion="median")


def test_the_fit_does_not_depend_on_the_global_seed(hands, quick_settings):
    settings = dataclasses.replace(quick_settings, recipe=dataclasses.replace(quick_settings.recipe, epochs=1))
    answers = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        answers.append(AgeRegressor(settings=settings).fit(*hands).predict(hands[0][:1], hands[2][:1])[0].months)
    assert answers[0] == pytest.approx(answers[1], abs=1e-3)


def test_messages_name_the_hands_by_their_ids(hands, quick_settings):
    stacks, ages, sexes = hands
    with pytest.raises(ValueError, match="hand 1378: the age"):
        AgeRegressor(settings=quick_settings).fit(stacks[:2], [10.0, -1.0], sexes[:2], ids=["1377", "1378"])
    with pytest.raises(ValueError, match="a name each"):
        AgeRegressor(settings=quick_settings).fit(stacks[:2], ages[:2], sexes[:2], ids=["1377"])
    diverging = dataclasses.replace(
        quick_settings,
        recipe=dataclasses.replace(quick_settings.recipe, optimiser="sgd", schedule="constant", learning_rate=1e30),
    )
    with pytest.raises(FloatingPointError, match=r"hands ((1377|1378|1379)(, )?){3}: lower the learning rate"):
        AgeRegressor(settings=diverging).fit(stacks[:3], ages[:3], sexes[:3], ids=["1377", "1378", "1379"])


def test_the_training_curve_is_kept_and_saved(fitted):
    assert len(fitted.history_) == 25
    assert fitted.history_[-1] < 0.5 * fitted.history_[0]
    config, arrays = fitted.to_state()
    assert AgeRegressor.from_state(config, arrays).history_ == fitted.history_
    del config["history"]  # models saved before there was one
    assert AgeRegressor.from_state(config, arrays).history_ == []


def test_an_interrupted_fit_goes_on_where_it_stopped(hands, quick_settings, tmp_path):
    def interrupt(_stage, part):
        if part > 0.9:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        AgeRegressor(settings=quick_settings).fit(*hands, checkpoints=tmp_path, progress=interrupt)
    assert len(list(tmp_path.glob("*.ckpt"))) == 1
    told = []
    again = AgeRegressor(settings=quick_settings).fit(
        *hands, checkpoints=tmp_path, progress=lambda _stage, part: told.append(part)
    )
    assert len(told) < 10
    assert len(again.history_) == 25
    assert list(tmp_path.iterdir()) == []
