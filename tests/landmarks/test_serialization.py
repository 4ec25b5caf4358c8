import numpy as np
import pytest

from boneage.landmarks import ForestLocaliser
from boneage.landmarks.serialization import (
    arrays_under,
    read_neighbours,
    read_pose_landmarks,
    stages_from_arrays,
    stages_to_arrays,
)


@pytest.fixture(scope="module")
def fitted(scenes, tiny_settings):
    return ForestLocaliser(settings=tiny_settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))


def test_stages_come_back_as_they_went(fitted):
    arrays = stages_to_arrays(fitted._coarse, fitted._local)
    settings = [stage.stage for stage in fitted._coarse], [stage.stage for stage in fitted._local]
    again = stages_to_arrays(*stages_from_arrays(*settings, arrays, [4, 4], 4, 2))
    assert again.keys() == arrays.keys()
    assert all(np.array_equal(again[name], array) for name, array in arrays.items())


def test_stages_that_do_not_fit_are_refused(fitted):
    arrays = stages_to_arrays(fitted._coarse, fitted._local)
    settings = [stage.stage for stage in fitted._coarse], [stage.stage for stage in fitted._local]
    with pytest.raises(ValueError, match="votes for 4 landmarks, not 3"):
        stages_from_arrays(*settings, arrays, [4, 3], 4, 2)
    with pytest.raises(ValueError, match="votes for 4 landmarks, not 2"):
        stages_from_arrays(*settings, arrays, [2, 4], 4, 2)
    with pytest.raises(ValueError, match="lacks its features"):
        stages_from_arrays(*settings, {n: a for n, a in arrays.items() if not n.startswith("local0/3/")}, [4, 4], 4, 2)


def test_neighbours_must_be_landmarks():
    fine = np.array([[1, 2], [0, 2], [0, 1]])
    assert np.array_equal(read_neighbours({"neighbours": fine}, 3), fine)
    for wrong in (fine[:2], fine + 1, fine[0]):
        with pytest.raises(ValueError, match="do not fit"):
            read_neighbours({"neighbours": wrong}, 3)


def test_the_landmarks_that_score_a_pose_must_be_landmarks():
    assert read_pose_landmarks({"pose_landmarks": np.array([2, 0])}, 3).tolist() == [2, 0]
    for wrong in ([0, 3], [-1], [], [[0, 1]]):
        with pytest.raises(ValueError, match="are not among the localiser's"):
            read_pose_landmarks({"pose_landmarks": np.array(wrong, np.int64)}, 3)
    with pytest.raises(KeyError):
        read_pose_landmarks({}, 3)


def test_arrays_are_found_by_prefix():
    assert list(arrays_under({"a/x": np.zeros(1), "b/x": np.zeros(1)}, "a/")) == ["x"]
