import math

import pytest

from boneage.landmarks import PRESETS, paper
from boneage.landmarks.presets import list_search_steps
from boneage.landmarks.search_settings import SearchStep


def test_the_published_recipe_is_the_published_one():
    settings = paper()
    assert settings.pose is None
    for stage in (settings.coarse, *settings.local):
        forest = stage.forest
        assert (forest.n_trees, forest.max_depth, forest.n_features, forest.n_thresholds) == (8, 14, 100, 10)
        assert stage.n_copies == 1


@pytest.mark.parametrize("name", PRESETS)
def test_presets_go_from_coarse_to_fine(name):
    settings = PRESETS[name]()
    resolutions = [settings.coarse.resolution, *(stage.resolution for stage in settings.local)]
    assert resolutions == sorted(resolutions)


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_small_preset_has_two_local_stages_and_larger_leaves(ndim):
    small, accurate = PRESETS["compact"](ndim), PRESETS["accurate"](ndim)
    assert [s.resolution for s in small.local] == [s.resolution for s in accurate.local[:2]]
    pairs = zip((*small.coarse_stages, *small.local), (*accurate.coarse_stages, *accurate.local), strict=False)
    assert all(one.forest.min_leaf > other.forest.min_leaf for one, other in pairs)
    assert small.search == accurate.search


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_for_volumes_keep_the_published_forest_in_the_local_stages(preset):
    settings = PRESETS[preset](3)
    assert settings != PRESETS[preset]()
    for stage in settings.local:
        forest = stage.forest
        assert (forest.n_trees, forest.max_depth, forest.n_features, forest.n_thresholds) == (8, 14, 100, 10)


@pytest.mark.parametrize("preset", PRESETS)
def test_only_our_presets_of_images_bring_them_to_the_standard_form(preset):
    assert (PRESETS[preset]().standardise is None) == (preset == "paper")
    assert PRESETS[preset](3).standardise is None


def tried(steps):
    """Return the sizes and rotations that are tried at the usual place."""
    return {(s, r, o) for step in steps if step.place == "usual"
            for s in step.scales for r in step.rotations_rad for o in step.rolls_rad}  # fmt: skip


def test_a_search_goes_from_the_usual_pose_to_other_sizes_rotations_and_places():
    angles = (0.0, math.pi / 2, math.pi)
    steps = list_search_steps(2, (1.0, 0.7, 0.5), angles)
    places = [step.place for step in steps]
    upright = [k for k, step in enumerate(steps) if step.place == "usual" and step.rotations_rad == (0.0,)]
    turned = [k for k, step in enumerate(steps) if step.place == "usual" and k not in upright]
    assert steps[0] == SearchStep()
    assert max(upright) < min(turned) <= max(turned) < places.index("windows")
    assert places.index("nearby") < upright[-1], "what is cheap comes before other sizes"
    assert steps[places.index("windows")].scales == (1.0, 0.7, 0.5)
    assert all(steps[k].mirrored for k in (*turned, places.index("windows")))
    as_in_file = tried([step for step in steps if step.stretch == 1.0])
    assert as_in_file == {(s, 0.0, 0.0) for s in (1.0, 0.7, 0.5)} | {(s, r, 0.0) for s in (1.0, 0.5) for r in angles}
    squashed = [step for step in steps[upright[-1] :] if step.stretch != 1.0]
    assert tried(squashed) == {(s, r, 0.0) for s in (1.0, 0.7, 0.5) for r in (-0.5, -0.25, 0.0, 0.25, 0.5)}


def test_a_search_without_other_poses_has_no_steps_for_them():
    fewest = list_search_steps(2, (1.0,), (0.0,), mirrored=False)
    assert tried(fewest) == {(1.0, 0.0, 0.0)}
    assert "windows" not in [step.place for step in fewest]
    one_size = list_search_steps(2, (1.0,), (0.0, 1.0), mirrored=True)
    assert "windows" not in [step.place for step in one_size]
    assert not any(step.mirrored for step in list_search_steps(2, (1.0, 0.5), (0.0, 1.0), mirrored=False))


def test_a_volume_is_tried_upside_down_before_it_is_turned():
    quarters, half = (0.0, math.pi / 2, math.pi), (0.0, math.pi)
    steps = list_search_steps(3, (1.0, 0.75), quarters, half)
    assert "windows" not in [step.place for step in steps]
    turned = [math.pi / 2 in step.rotations_rad for step in steps if step.place == "usual"]
    assert turned == sorted(turned)
    assert turned.count(False) > 1, "else none is tried upside down before"
    assert tried(steps) == {(s, r, o) for s in (1.0, 0.75) for r in quarters for o in half}
