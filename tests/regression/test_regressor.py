import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from boneage.regression import AgeRegressor, MultiRegionSettings, RegressorSettings
from tests.regression.conftest import REGIONS, make_cubes, make_stack


@pytest.fixture(scope="module")
def fitted(hands, quick_settings):
    return AgeRegressor(settings=quick_settings, random_state=0).fit(*hands)


def test_it_learns_what_the_regions_show(fitted):
    rng = np.random.default_rng(9)
    ages = np.linspace(40, 190, 12)
    sexes = ["F", "M"] * 6
    estimates = fitted.predict([make_stack(rng, a, s) for a, s in zip(ages, sexes, strict=True)], sexes)
    assert np.abs([e.months - a for e, a in zip(estimates, ages, strict=True)]).mean() < 15


def test_weights_sum_to_one_and_the_age_is_the_weighted_mean(fitted):
    stack = make_stack(np.random.default_rng(1), 120.0)
    estimate = fitted.predict([stack], ["F"])[0]
    assert estimate.region_names == REGIONS
    assert sum(estimate.region_weights) == pytest.approx(1.0)
    assert estimate.months == pytest.approx(np.dot(estimate.region_weights, estimate.region_months), abs=1e-3)


def test_a_missing_region_has_no_weight_and_no_age(fitted):
    stack = make_stack(np.random.default_rng(1), 120.0, present=(True, False, True))
    estimate = fitted.predict([stack], ["F"])[0]
    assert estimate.region_weights[1] == 0
    assert math.isnan(estimate.region_months[1])
    assert math.isfinite(estimate.months)


def test_hands_that_cannot_be_read_have_a_reason_and_spoil_no_other(fitted):
    rng = np.random.default_rng(1)
    complete, without_regions = make_stack(rng, 120.0), make_stack(rng, 120.0, present=(False, False, False))
    of_complete, of_empty, of_unknown = fitted.predict([complete, without_regions, complete], ["F", "F", None])
    assert math.isnan(of_empty.months)
    assert of_empty.reason == "no region could be cropped"
    assert math.isnan(of_unknown.months)
    assert "sex is not known" in of_unknown.reason
    assert of_complete.months == pytest.approx(fitted.predict([complete], ["F"])[0].months, abs=1e-3)


def test_no_hand_is_read_beyond_the_ages_that_are_known(fitted):
    stack = make_stack(np.random.default_rng(1), 120.0)
    outputs = fitted.predict_regions([stack], ["F"])
    for shift, bound in ((1e3, 300.0), (-1e3, 0.0)):
        far = outputs._replace(ages=outputs.ages + shift)
        assert fitted.fuse_outputs(far, torch.ones(1, 3, dtype=torch.bool))[0].months == bound


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
    pairs = zip(again.predict(hands[0][:3], hands[2][:3]), fitted.predict(hands[0][:3], hands[2][:3]), strict=True)
    assert all(new.months == pytest.approx(old.months, abs=1e-3) for new, old in pairs)


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


@pytest.mark.slow
def test_inverse_variance_prefers_the_regions_that_show_the_age(hands, quick_settings):
    def blind(stack, seed):
        noise = np.random.default_rng(seed).uniform(0, 1, (16, 16))
        return dataclasses.replace(stack, pixels=np.stack([*stack.pixels[:2], noise]).astype(np.float32))

    stacks = [blind(stack, k) for k, stack in enumerate(hands[0])]
    settings = dataclasses.replace(quick_settings, fusion="inverse_variance")
    estimates = AgeRegressor(settings=settings).fit(stacks, *hands[1:]).predict(stacks, hands[2])
    weights = np.array([e.region_weights for e in estimates])
    assert weights.sum(axis=1) == pytest.approx(1.0)
    assert weights[:, 2].mean() < 0.5 * min(weights[:, 0].mean(), weights[:, 1].mean())
    assert np.abs([e.months - age for e, age in zip(estimates, hands[1], strict=True)]).mean() < 15


def test_fixed_weights_are_those_of_the_table_and_are_saved(hands, quick_settings):
    recipe = dataclasses.replace(quick_settings.recipe, epochs=1)
    settings = dataclasses.replace(quick_settings, fusion="fixed", recipe=recipe)
    config, arrays = AgeRegressor(settings=settings).fit(*hands).to_state()
    stack = make_stack(np.random.default_rng(1), 120.0, present=(True, True, False))
    again = AgeRegressor.from_state(json.loads(json.dumps(config)), arrays)
    assert again.predict([stack], ["F"])[0].region_weights == pytest.approx((0.75, 0.25, 0.0))
    with pytest.raises(ValueError, match="fixed_weights must be 3 positive numbers"):
        AgeRegressor.from_state({**config, "fixed_weights": [1.0, 0.0, 1.0]}, arrays)
    with pytest.raises(ValueError, match="no fixed weight for the region 'wing'"):
        AgeRegressor(settings=settings).fit(
            [dataclasses.replace(s, names=("radius", "pip_3", "wing")) for s in hands[0]], *hands[1:]
        )


def test_rare_ages_are_read_better_if_they_weigh_more(hands, quick_settings):
    rng = np.random.default_rng(3)
    ages = [60.0] * 30 + [180.0] * 3
    stacks = [make_stack(rng, 120.0) for _ in ages]  # all show the same age, so only the weights decide
    months = []
    for damping in (0.0, 1.0):
        recipe = dataclasses.replace(quick_settings.recipe, epochs=15, loss="mse", stratum_weight=damping)
        settings = dataclasses.replace(quick_settings, recipe=recipe)
        fitted = AgeRegressor(settings=settings).fit(stacks, ages, ["F"] * len(ages))
        months.append(np.mean([e.months for e in fitted.predict(stacks, ["F"] * len(ages))]))
    assert months[0] == pytest.approx(71, abs=12)  # the mean of the hands
    assert months[1] == pytest.approx(120, abs=12)  # the mean of the strata


def test_settings_from_before_there_were_these_choices_still_load(fitted):
    config, arrays = fitted.to_state()
    old = json.loads(json.dumps(config))
    del old["fixed_weights"], old["settings"]["recipe"]["stratum_weight"]
    for name in ("head", "contrast", "fine_stem"):
        del old["settings"]["network"][name]
    assert AgeRegressor.from_state(old, arrays).to_state()[0] == config


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
    renamed = dataclasses.replace(stack, names=("a", "b", "c"))
    with pytest.raises(ValueError, match="trained on"):
        fitted.predict([renamed], ["F"])


def test_an_unfitted_model_cannot_predict(hands):
    with pytest.raises(NotFittedError):
        AgeRegressor().predict(hands[0][:1], ["F"])
    with pytest.raises(ValueError, match="fusion"):
        RegressorSettings(fusion="median")


def test_the_fit_does_not_depend_on_the_global_seed(hands, quick_settings):
    settings = dataclasses.replace(quick_settings, recipe=dataclasses.replace(quick_settings.recipe, epochs=1))
    months = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        months.append(AgeRegressor(settings=settings).fit(*hands).predict(hands[0][:1], hands[2][:1])[0].months)
    assert months[0] == pytest.approx(months[1], abs=1e-3)


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


def test_the_training_curve_is_saved(fitted):
    assert len(fitted.history_) == 25
    assert fitted.history_[-1].loss < 0.5 * fitted.history_[0].loss
    assert {result.side for result in fitted.history_} == {fitted.side_}
    config, arrays = fitted.to_state()
    assert AgeRegressor.from_state(config, arrays).history_ == fitted.history_
    config["history"] = [0.5, 0.25]  # of older files: the losses alone
    assert AgeRegressor.from_state(config, arrays).history_ == [(0.5, fitted.side_, None), (0.25, fitted.side_, None)]
    del config["history"]  # models saved before there was one
    assert AgeRegressor.from_state(config, arrays).history_ == []


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_last_validation_error_is_that_of_the_trained_model(hands, quick_settings, average):
    stacks, ages, sexes = hands
    settings = quick_settings.with_recipe(epochs=3, average_weights=average)
    train, test = slice(0, -5), slice(-5, None)
    plain = AgeRegressor(settings=settings).fit(stacks[train], ages[train], sexes[train])
    validated = AgeRegressor(settings=settings).fit(
        stacks[train], ages[train], sexes[train], validation=(stacks[test], ages[test], sexes[test])
    )
    predicted = [estimate.months for estimate in validated.predict(stacks[test], sexes[test])]
    assert predicted == [estimate.months for estimate in plain.predict(stacks[test], sexes[test])]
    expected = np.abs(np.array(predicted) - ages[test]).mean()
    assert validated.history_[-1].validation_error == pytest.approx(expected, abs=1e-2)
    assert [result.validation_error for result in plain.history_] == [None] * 3


def test_an_interrupted_fit_resumes(hands, quick_settings, tmp_path):
    def interrupt(_stage, part):
        if part > 0.9:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        AgeRegressor(settings=quick_settings).fit(*hands, checkpoints=tmp_path, progress=interrupt)
    assert len(list(tmp_path.glob("*.ckpt"))) == 1
    parts = []
    again = AgeRegressor(settings=quick_settings).fit(
        *hands, checkpoints=tmp_path, progress=lambda _stage, part: parts.append(part)
    )
    assert len(parts) < 10
    assert len(again.history_) == 25
    assert len(list(tmp_path.iterdir())) == 1, "it stays until the model is stored"


def test_fine_tuning_starts_from_another_models_weights_and_leaves_it_unchanged(fitted, hands, quick_settings):
    before = {name: tensor.clone() for name, tensor in fitted.network_.state_dict().items()}
    recipe = dataclasses.replace(quick_settings.recipe, epochs=1, learning_rate=1e-9, weight_decay=0)
    settings = dataclasses.replace(quick_settings, recipe=recipe)
    few = [values[:16] for values in hands]
    next_ = AgeRegressor(settings=settings, start=fitted).fit(*few)
    assert (next_.centre_, next_.spread_) == (fitted.centre_, fitted.spread_), "the ages' scale goes with the weights"
    for name, weights in next_.network_.named_parameters():
        assert torch.allclose(weights, before[name], atol=1e-5), name
    quick = dataclasses.replace(recipe, learning_rate=0.02)
    moved = AgeRegressor(settings=dataclasses.replace(settings, recipe=quick), start=fitted).fit(*few)
    assert not torch.allclose(moved.network_.state_dict()["age.weight"], before["age.weight"], atol=1e-4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in fitted.network_.state_dict().items())


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"network": MultiRegionSettings(channels=(8, 8), hidden=16)}, "network"),
        ({"use_sex": False}, "use of the sex"),
    ],
)
def test_a_model_of_another_kind_cannot_be_fine_tuned(fitted, hands, quick_settings, changes, what):
    settings = dataclasses.replace(quick_settings, **changes)
    with pytest.raises(ValueError, match=f"to start from has another {what}"):
        AgeRegressor(settings=settings, start=fitted).fit(*hands)


def test_an_unfitted_model_cannot_be_fine_tuned(hands, quick_settings):
    with pytest.raises(NotFittedError, match="to start from"):
        AgeRegressor(settings=quick_settings, start=AgeRegressor()).fit(*hands)


@pytest.fixture(scope="module")
def of_volumes(quick_settings):
    """A model of cubes, and thirty hands that it has learnt from."""
    rng = np.random.default_rng(0)
    ages = rng.uniform(96, 240, 30).tolist()
    stacks = [make_cubes(rng, age) for age in ages]
    settings = dataclasses.replace(
        quick_settings, network=dataclasses.replace(quick_settings.network, channels=(4, 8), ndim=3)
    )
    return AgeRegressor(settings=settings).fit(stacks, ages, ["F", "M"] * 15), stacks, ages


def test_cubes_give_an_age_with_weights_that_sum_to_one(of_volumes):
    model, _, _ = of_volumes
    rng = np.random.default_rng(5)
    ages = np.linspace(110, 230, 8)
    estimates = model.predict([make_cubes(rng, age) for age in ages], ["F"] * 8)
    assert np.abs([estimate.months - age for estimate, age in zip(estimates, ages, strict=True)]).mean() < 15
    assert all(sum(estimate.region_weights) == pytest.approx(1) for estimate in estimates)
    (half,) = model.predict([make_cubes(rng, 150, (False, True))], ["M"])
    assert half.region_weights == pytest.approx((0, 1))


def test_a_model_of_volumes_survives_being_saved(of_volumes):
    model, stacks, _ = of_volumes
    config, arrays = model.to_state()
    again = AgeRegressor.from_state(json.loads(json.dumps(config)), arrays)
    assert again.shape_ == (12, 12, 12)
    for expected, rebuilt in zip(model.predict(stacks[:3], "FMF"), again.predict(stacks[:3], "FMF"), strict=True):
        assert rebuilt.months == pytest.approx(expected.months, abs=1e-4)


def test_a_model_reads_pictures_or_cubes_and_refuses_the_others(of_volumes, fitted, hands):
    model, stacks, ages = of_volumes
    flat = dataclasses.replace(stacks[0], pixels=stacks[0].pixels[:, 6])
    with pytest.raises(ValueError, match="2 of 12 x 12 x 12 pixels, got 2 of 12 x 12"):
        model.predict([flat], ["F"])
    with pytest.raises(ValueError, match="the network reads regions of 3 axes, got 2"):
        AgeRegressor(settings=model.settings).fit(hands[0], hands[1], hands[2])
    with pytest.raises(ValueError, match="the network reads regions of 2 axes, got 3"):
        AgeRegressor(settings=fitted.settings).fit(stacks, ages, ["F"] * 30)
