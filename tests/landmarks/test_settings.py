import dataclasses
import json
import math

import pytest

from boneage.imaging.plain_data import from_plain_data
from boneage.landmarks import (
    PRESETS,
    ForestSettings,
    LocaliserSettings,
    StageSettings,
    change_stages,
    paper,
    with_vote_weight,
)


@pytest.mark.parametrize(
    ("field", "value"),
    [("n_trees", 0), ("max_depth", 0), ("max_depth", 40), ("tree_fraction", 0.0), ("tree_fraction", 1.5)],
)
def test_forest_settings_are_checked(field, value):
    with pytest.raises(ValueError, match=field):
        ForestSettings(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resolution", 0),
        ("feature_range", math.nan),
        ("box_sizes", (2,)),
        ("box_sizes", ()),
        ("step", 0),
        ("radius", -1),
        ("vote_weight", "median"),
        ("contrast", -0.1),
        ("tone", 0),
        ("max_log_gamma", -1),
    ],
)
def test_stage_settings_are_checked(field, value):
    with pytest.raises(ValueError, match=field):
        StageSettings(**{"resolution": 10, "feature_range": 0.1, field: value})


def test_local_stages_are_needed_and_need_a_radius():
    stage = StageSettings(resolution=10, feature_range=0.1)
    with pytest.raises(ValueError, match="radius must be positive in every local stage"):
        LocaliserSettings(coarse=stage, local=(stage,))
    with pytest.raises(ValueError, match="local must be at least one stage"):
        LocaliserSettings(coarse=stage, local=())


def test_a_local_frame_needs_two_neighbours():
    with pytest.raises(ValueError, match="n_neighbours must be 0 or at least 2, got 1"):
        dataclasses.replace(paper(), n_neighbours=1)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_change_of_stages_reaches_all_of_them_and_nothing_else(preset):
    settings = PRESETS[preset]()
    changed = change_stages(settings, lambda stage: dataclasses.replace(stage, smoothing=2 * stage.smoothing))
    assert changed.coarse.smoothing == 2 * settings.coarse.smoothing
    assert [stage.smoothing for stage in changed.local] == [2 * stage.smoothing for stage in settings.local]
    assert change_stages(changed, lambda s: dataclasses.replace(s, smoothing=s.smoothing / 2)) == settings
    equal = with_vote_weight(settings, "uniform")
    stages = [stage for stage in (equal.pose, equal.coarse, *equal.local) if stage is not None]
    assert {stage.vote_weight for stage in stages} == {"uniform"}
    assert (equal.pose is None) == (settings.pose is None)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("ndim", [2, 3])
def test_settings_come_back_from_json_as_they_went(preset, ndim):
    settings = PRESETS[preset](ndim)
    assert from_plain_data(LocaliserSettings, json.loads(json.dumps(dataclasses.asdict(settings)))) == settings


@pytest.mark.parametrize(("feature_range", "reach"), [(0.1, 10), (0.104, 10), (0.106, 11), (0.001, 1)])
def test_a_feature_reaches_a_whole_number_of_pixels(feature_range, reach):
    assert StageSettings(resolution=100, feature_range=feature_range).feature_reach == reach
