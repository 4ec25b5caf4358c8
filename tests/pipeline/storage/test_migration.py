import copy

import numpy as np
import pytest

from boneage.pipeline.storage.migration import migrate

LOCALISER = {"settings": {"constellation": True, "min_score": 0.03}, "names": ["a"]}
ARRAYS = {"constellation/tellers": np.zeros(1), "constellation/pairs": np.ones(1), "bounds": np.zeros(2)}


def test_a_localiser_of_format_1_has_the_names_of_format_2_and_nothing_is_changed_in_place():
    before = copy.deepcopy(LOCALISER)
    settings, arrays = migrate("localiser", 1, LOCALISER, ARRAYS)
    assert settings["settings"] == {"pairwise_prior": True, "min_score": 0.03, "first_rolls_rad": [0.0]}
    assert list(arrays) == ["pairwise_prior/anchor_sets", "pairwise_prior/pairs", "bounds"]
    assert before == LOCALISER


def test_what_is_of_the_present_format_or_of_another_kind_stays():
    assert migrate("localiser", 2, LOCALISER, ARRAYS) == (LOCALISER, ARRAYS)
    assert migrate("engine", 1, {"a": 1}, {}) == ({"a": 1}, {})


def test_a_pipeline_without_a_localiser_has_none():
    old = {"localiser": None, "regressor": {"side": 48}, "cut": "whole", "sites": [], "side": 48}
    settings, arrays = migrate("pipeline", 1, old, {"regressor/head": np.zeros(1)})
    crop = {"kind": "whole", "sites": [], "side": 48}
    assert settings == {"localiser": None, "age_models": [{"regressor": {"side": 48}, "crop": crop}]}
    assert list(arrays) == ["age_models/0/head"]


def test_settings_that_are_of_no_model_are_an_error():
    with pytest.raises(KeyError):
        migrate("pipeline", 1, {}, {})
