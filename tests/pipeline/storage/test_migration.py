import copy
import math
from dataclasses import asdict

import numpy as np
import pytest

from boneage.imaging.plain_data import from_plain_data
from boneage.landmarks import Acceptance, Evidence, LocaliserSettings, accurate
from boneage.landmarks.presets import list_search_steps
from boneage.landmarks.search_settings import PriorSettings, SearchSettings
from boneage.landmarks.serialization import arrays_under
from boneage.pipeline.storage.migration import _LEFT_OUT, migrate
from boneage.pipeline.storage.model_file import FORMAT

STAGE = {"resolution": 60, "feature_range": 0.1, "radius": 0.1}
FORMAT_1 = {
    "settings": {
        "coarse": STAGE,
        "pose": STAGE,
        "local": [STAGE],
        "constellation": True,
        "n_neighbours": 3,
        "min_score": 0.03,
        "first_scales": [1.0, 0.5],
        "first_rotations_rad": [0.0, math.pi],
        "first_mirrored": True,
    },
    "names": ["a", "b"],
    "size_ratio": 0.5,
    "convincing_support": 3.0,
    "typical_score": 0.2,
}
ARRAYS_1 = {
    "constellation/tellers": np.zeros(1),
    "constellation/pairs": np.ones(1),
    "bounds": np.zeros(2),
    "mean_shape": np.array([[0.4, 0.0], [-0.6, 0.0]]),
    "neighbours": np.zeros((2, 3)),
    "whole0/displacements": np.arange(12).reshape(3, 2, 2),
    "whole0/spreads": np.arange(6).reshape(3, 2),
    "whole1/displacements": np.arange(12).reshape(3, 2, 2),
    "whole1/spreads": np.arange(6).reshape(3, 2),
}
OF_STAGES = [name for name in ARRAYS_1 if name.startswith("whole")]


def make_format_2(**changes):
    """Return a localiser of format 2, with some settings changed; None leaves one out."""
    settings = {**FORMAT_1["settings"], "pairwise_prior": True, "first_rolls_rad": [0.0], **changes}
    del settings["constellation"]
    arrays = {name.replace("constellation/tellers", "anchor_sets"): array for name, array in ARRAYS_1.items()}
    return {**FORMAT_1, "settings": {k: v for k, v in settings.items() if v is not None}}, arrays


def read_settings(migrated):
    return from_plain_data(LocaliserSettings, migrated["settings"])


def test_a_pipeline_of_format_3_has_no_calibration_and_one_of_format_4_keeps_its_own():
    settings = {"localiser": None, "age_models": []}
    assert migrate("pipeline", 3, settings, {})[0] == {**settings, "calibration": None}
    assert "calibration" not in settings
    calibrated = {**settings, "calibration": {"cells": []}}
    assert migrate("pipeline", 4, calibrated, {})[0] == calibrated


def test_a_localiser_of_format_1_has_the_names_of_later_ones_and_nothing_is_changed_in_place():
    before, arrays_before = copy.deepcopy(FORMAT_1), dict(ARRAYS_1)
    settings, arrays = migrate("localiser", 1, FORMAT_1, ARRAYS_1)
    assert read_settings(settings).prior == PriorSettings()
    assert "constellation" not in settings["settings"]
    names = ["pairwise_prior/anchor_sets", "pairwise_prior/pairs", "bounds", "mean_shape", "neighbours", *OF_STAGES]
    assert list(arrays) == [*names, "pose_landmarks", "pairwise_prior/least_distances"]
    assert before == FORMAT_1
    assert arrays_before == ARRAYS_1


def test_a_localiser_of_format_2_has_all_settings_of_format_3():
    config, arrays = make_format_2()
    before = copy.deepcopy(config)
    migrated, new_arrays = migrate("localiser", 2, config, arrays)
    settings = read_settings(migrated)
    assert settings.search == SearchSettings(list_search_steps(2, (1.0, 0.5), (0.0, math.pi), (0.0,), True))
    assert settings.may_mirror
    assert settings.prior == PriorSettings()
    assert settings.standardise is None
    assert (settings.min_score, settings.doubtful_score, settings.n_neighbours) == (0.03, 0.06, 3)
    assert migrated["typical_score"] == 0.2
    assert np.array_equal(new_arrays["pairwise_prior/least_distances"], np.zeros((2, 2)))
    assert new_arrays.keys() - arrays.keys() == {"pairwise_prior/least_distances", "pose_landmarks"}
    assert before == config


@pytest.mark.parametrize("number", [1, 2])
def test_the_pose_stage_keeps_the_votes_for_landmarks_that_lie_far_apart(number):
    """They stand in the order in which they score a pose; the other stages are as they were."""
    config, arrays = (FORMAT_1, ARRAYS_1) if number == 1 else make_format_2()
    before = {name: array.copy() for name, array in arrays.items()}
    _, migrated = migrate("localiser", number, config, arrays)
    assert migrated["pose_landmarks"].tolist() == [1, 0]
    for name in ("displacements", "spreads"):
        assert np.array_equal(migrated[f"whole0/{name}"], arrays[f"whole0/{name}"][:, [1, 0]])
        assert migrated[f"whole1/{name}"] is arrays[f"whole1/{name}"]
    assert all(np.array_equal(arrays[name], array) for name, array in before.items())


def test_of_many_landmarks_a_dozen_score_a_pose():
    config, arrays = make_format_2(pairwise_prior=False)
    mean = np.random.default_rng(0).normal(size=(37, 2))
    arrays |= {"mean_shape": mean, "whole0/displacements": np.zeros((3, 37, 2)), "whole0/spreads": np.zeros((3, 37))}
    _, migrated = migrate("localiser", 2, config, arrays)
    assert len(set(migrated["pose_landmarks"].tolist())) == SearchSettings().n_landmarks == 12
    assert migrated["whole0/displacements"].shape == (3, 12, 2)


def test_without_a_pose_stage_the_first_stage_votes_for_all_landmarks():
    config, arrays = make_format_2()
    config["settings"]["pose"] = None
    _, migrated = migrate("localiser", 2, config, arrays)
    assert migrated["whole0/displacements"] is arrays["whole0/displacements"]
    assert migrated["pose_landmarks"].shape == (2,)


def test_what_a_localiser_of_format_2_does_not_have_is_empty():
    config, arrays = make_format_2(n_neighbours=0, pairwise_prior=False, first_mirrored=False)
    del arrays["neighbours"]
    migrated, new_arrays = migrate("localiser", 2, {**config, "typical_score": 0.0}, arrays)
    settings = read_settings(migrated)
    assert settings.prior is None
    assert not settings.may_mirror
    assert not any(step.mirrored for step in settings.search.steps)
    assert migrated["typical_score"] == 1.0, "a score of 0 was one that was not measured"
    assert new_arrays["neighbours"].shape == (2, 0)
    assert new_arrays.keys() == {*arrays, "neighbours", "pose_landmarks"}
    left_out = migrate("localiser", 2, *make_format_2(n_neighbours=None, pairwise_prior=None))[0]
    assert (read_settings(left_out).prior, read_settings(left_out).n_neighbours) == (None, 0)


def test_a_localiser_of_volumes_keeps_its_rolls():
    config, arrays = make_format_2(first_rolls_rad=[0.0, math.pi / 2])
    in_space = {"mean_shape": np.zeros((2, 3)), "whole0/displacements": np.zeros((3, 2, 3))}
    migrated, new_arrays = migrate("localiser", 2, config, {**arrays, **in_space})
    steps = list_search_steps(3, (1.0, 0.5), (0.0, math.pi), (0.0, math.pi / 2), True)
    assert read_settings(migrated).search.steps == steps
    assert new_arrays["pairwise_prior/least_distances"].shape == (2, 2)


def test_settings_that_the_present_format_lacks_are_left_out_of_older_ones():
    present = asdict(accurate())
    old = copy.deepcopy(present)
    for part, names in _LEFT_OUT.items():
        old[part] |= dict.fromkeys(names, 1)
    before = copy.deepcopy(old)
    assert migrate("localiser", 3, {"settings": old, "names": []}, {})[0] == {"settings": present, "names": []}
    within = migrate("pipeline", 3, {"localiser": {"settings": old}, "age_models": []}, {})[0]
    assert within == {"localiser": {"settings": present}, "age_models": [], "calibration": None}
    assert from_plain_data(LocaliserSettings, within["localiser"]["settings"]) == accurate()
    assert old == before


@pytest.mark.parametrize(("number", "lowest"), [(6, 0.0), (FORMAT, 0.2)])
def test_a_search_of_format_6_moves_all_hypotheses(number, lowest):
    settings = asdict(accurate())
    if number < FORMAT:
        del settings["search"]["lowest_moved"]
    before = copy.deepcopy(settings)
    alone = migrate("localiser", number, {"settings": settings}, {})[0]
    within = migrate("pipeline", number, {"localiser": {"settings": settings}}, {})[0]["localiser"]
    assert alone == within
    assert read_settings(alone).search.lowest_moved == lowest
    assert settings == before


@pytest.mark.parametrize(("kind", "under"), [("localiser", ""), ("pipeline", "localiser/")])
def test_the_acceptance_of_format_5_has_one_class_and_judges_as_it_did(kind, under):
    rng = np.random.default_rng(0)
    evidence = [
        Evidence.weigh(score, rng.uniform(0.2, 0.8, 3), 1.0, np.zeros(3, bool), 90.0)
        for score in rng.uniform(0.5, 1.0, 20)
    ]
    accepted = Acceptance.fit(evidence, threshold=0.1)
    new = {f"{under}acceptance/{name}": array for name, array in accepted.to_arrays().items()}
    old = {name: array for name, array in new.items() if name.rpartition("/")[2] in ("terms", "threshold")}
    old[f"{under}acceptance/low_scores"] = accepted.low_scores[0]
    config = {"settings": {}}
    _, arrays = migrate(kind, 5, config if kind == "localiser" else {"localiser": config}, old)
    assert arrays.keys() == new.keys()
    again = Acceptance.from_arrays(arrays_under(arrays, f"{under}acceptance/"), 3)
    assert [again.judge(one) for one in evidence] == [accepted.judge(one) for one in evidence]
    assert np.array_equal(again.low_scores, accepted.low_scores)
    assert old[f"{under}acceptance/low_scores"].shape == (3,), "what was given is not changed"


def test_what_is_of_the_present_format_or_of_another_kind_stays():
    assert migrate("localiser", FORMAT, FORMAT_1, ARRAYS_1) == (FORMAT_1, ARRAYS_1)
    assert migrate("pipeline", FORMAT, {"localiser": FORMAT_1}, ARRAYS_1) == ({"localiser": FORMAT_1}, ARRAYS_1)
    assert migrate("engine", 1, {"a": 1}, {}) == ({"a": 1}, {})


@pytest.mark.parametrize("number", [1, 2])
def test_a_pipeline_has_its_localiser_migrated(number):
    config, arrays = (FORMAT_1, ARRAYS_1) if number == 1 else make_format_2()
    alone, alone_arrays = migrate("localiser", number, config, arrays)
    ages = {"regressor": {}, "sites": []} if number == 1 else {"age_models": [{"regressor": {}}]}
    within = {f"localiser/{name}": array for name, array in arrays.items()}
    settings, new_arrays = migrate("pipeline", number, {"localiser": config, **ages}, within)
    assert settings["localiser"] == alone
    assert len(settings["age_models"]) == 1
    assert new_arrays.keys() == {f"localiser/{name}" for name in alone_arrays}


def test_a_pipeline_without_a_localiser_has_none():
    old = {"localiser": None, "regressor": {"side": 48}, "cut": "whole", "sites": [], "side": 48}
    settings, arrays = migrate("pipeline", 1, old, {"regressor/head": np.zeros(1)})
    crop = {"kind": "whole", "sites": [], "side": 48}
    age_models = [{"regressor": {"side": 48}, "crop": crop}]
    assert settings == {"localiser": None, "age_models": age_models, "calibration": None}
    assert list(arrays) == ["age_models/0/head"]
    assert migrate("pipeline", 2, settings, arrays) == (settings, arrays)


def test_settings_that_are_of_no_model_are_an_error():
    with pytest.raises(KeyError):
        migrate("pipeline", 1, {}, {})
    with pytest.raises(KeyError):
        migrate("localiser", 2, {"settings": {}}, {})
