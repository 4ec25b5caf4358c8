import pytest

from boneage.landmarks import PRESETS, paper


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


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_for_volumes_keep_the_published_forest_in_the_local_stages(preset):
    settings = PRESETS[preset](3)
    assert settings != PRESETS[preset]()
    for stage in settings.local:
        forest = stage.forest
        assert (forest.n_trees, forest.max_depth, forest.n_features, forest.n_thresholds) == (8, 14, 100, 10)
