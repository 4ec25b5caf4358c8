import dataclasses
import json

import numpy as np
import pytest

from boneage.landmarks import Acceptance, ForestLocaliser
from boneage.landmarks.localiser_state import LocaliserState
from boneage.landmarks.training_shapes import UsualPose
from tests.landmarks.conftest import NAMES


@pytest.fixture(scope="module")
def fitted(scenes, tiny_settings):
    return ForestLocaliser(settings=tiny_settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))


def test_a_state_comes_back_as_it_went(fitted):
    config, arrays = fitted.to_state()
    again, same = LocaliserState.from_json_and_arrays(json.loads(json.dumps(config)), arrays).to_json_and_arrays()
    assert json.dumps(again) == json.dumps(config)
    assert same.keys() == arrays.keys()
    assert all(np.array_equal(same[name], array) for name, array in arrays.items())


def test_acceptance_comes_back_and_a_state_without_it_has_none(fitted, scenes):
    evidence = [fitted.find(scan).evidence for scan, _ in scenes[1]]
    judge = fitted.with_acceptance(Acceptance.fit(evidence, threshold=0.25))
    again = ForestLocaliser.from_state(*judge.to_state())
    scan = scenes[1][0][0]
    assert again.find(scan).verdict == judge.find(scan).verdict
    assert fitted.acceptance_ is None
    assert fitted.find(scan).verdict is None
    assert ForestLocaliser.from_state(*fitted.to_state()).acceptance_ is None
    config, arrays = judge.to_state()
    with pytest.raises(ValueError, match="does not fit the landmarks"):
        ForestLocaliser.from_state(config, {**arrays, "acceptance/low_scores": np.zeros((1, 2))})
    del arrays["acceptance/threshold"]
    with pytest.raises(KeyError):
        ForestLocaliser.from_state(config, arrays)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("usual", UsualPose(0.0, np.zeros(2))),
        ("usual", UsualPose(0.5, np.full(2, np.nan))),
        ("typical_score", -1.0),
        ("names", ("a",)),
    ],
)
def test_numbers_and_names_are_checked(fitted, field, value):
    state = LocaliserState.from_json_and_arrays(*fitted.to_state())
    with pytest.raises(ValueError, match="does not fit its landmark names"):
        dataclasses.replace(state, **{field: value})


@pytest.mark.parametrize(
    "broken", ["names", "mean_shape", "forest", "settings", "neighbours", "pose_landmarks", "pairwise_prior"]
)
def test_states_that_do_not_fit_together_are_refused(fitted, broken):
    config, arrays = fitted.to_state()
    config, arrays = dict(config), dict(arrays)
    if broken == "names":
        config["names"] = config["names"][:-1]
    elif broken == "mean_shape":
        arrays["mean_shape"] = arrays["mean_shape"] * np.nan
    elif broken == "forest":
        del arrays["local0/1/children"]
    elif broken == "neighbours":
        arrays["neighbours"] = arrays["neighbours"] + len(NAMES)
    elif broken == "pose_landmarks":
        arrays["pose_landmarks"] = arrays["pose_landmarks"][:2]
    elif broken == "pairwise_prior":
        del arrays["pairwise_prior/pairs"]
    else:
        config["settings"] = {**config["settings"], "min_scores": 3}
    with pytest.raises((ValueError, KeyError, TypeError)):
        LocaliserState.from_json_and_arrays(config, arrays)
