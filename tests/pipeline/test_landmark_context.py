import math

import numpy as np
import pytest

from boneage.evaluation import LandmarkErrors
from boneage.imaging import AgeRecord, InvalidTable, Points
from boneage.pipeline.landmark_context import LandmarkContext, compute_mean_shape, learn_context

SHAPE = np.array([[0.0, 0.0], [10.0, 1.0], [4.0, 8.0], [3.0, -2.0]])
NAMES = ("a", "b", "c", "d")


def moved(angle, scale, shift, *, mirrored=False):
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    shape = SHAPE * (1, -1) if mirrored else SHAPE
    return Points(NAMES, scale * shape @ turn.T + shift)


def distances(points):
    d = np.linalg.norm(points.positions[:, None] - points.positions[None], axis=2)
    return d / d[0, 1]


def side(points):
    """Which way round b and c lie, seen from a."""
    (br, bc), (cr, cc) = points.positions[1] - points.positions[0], points.positions[2] - points.positions[0]
    return np.sign(br * cc - bc * cr)


def test_the_mean_shape_is_the_shape_wherever_and_however_large_and_mirrored_the_hands_are():
    hands = [moved(0.1, 1, 5), moved(1.0, 7, -3), moved(-2.0, 3, 0, mirrored=True)]
    mean = compute_mean_shape(hands)
    assert np.allclose(distances(mean), distances(hands[0]))
    assert side(mean) == side(hands[0])


def test_the_mean_lies_as_most_hands_do():
    hands = [moved(0, 1, 0), moved(0.2, 1, 0, mirrored=True), moved(0.1, 1, 0, mirrored=True)]
    assert side(compute_mean_shape(hands)) == side(hands[1])


def test_absent_landmarks_are_taken_from_other_hands_and_one_absent_everywhere_stays_absent():
    first, second = moved(0, 1, 0).positions.copy(), moved(0.3, 2, 1).positions.copy()
    first[2] = first[1] = second[1] = math.nan
    mean = compute_mean_shape([Points(NAMES, first), Points(NAMES, second), Points(NAMES, np.full((4, 2), np.nan))])
    assert mean.present.tolist() == [True, False, True, True]


def test_hands_that_have_no_shape_have_no_mean():
    one = np.full((4, 2), np.nan)
    one[0] = 1.0
    assert compute_mean_shape([Points(NAMES, one), Points(NAMES, np.ones((4, 2)))]) is None
    assert compute_mean_shape([]) is None


def test_volumes_have_a_mean_shape_too():
    shape = np.random.default_rng(0).normal(size=(4, 3))
    assert compute_mean_shape([Points(NAMES, shape), Points(NAMES, shape * (1, 1, -1) * 2)]).ndim == 3


def test_a_scheme_is_found_by_the_landmarks_or_named(tmp_path):
    names = ("radius_styloid_tip", "ulna_styloid_tip")
    assert learn_context([Points(names, [[0, 0], [1, 1]])]).scheme.name == "hand37"
    assert learn_context([moved(0, 1, 0)]).scheme is None
    (tmp_path / "s.json").write_text('{"name": "mine", "groups": {"upper": ["a", "b"]}}')
    assert learn_context([moved(0, 1, 0)], str(tmp_path / "s.json")).scheme.name == "mine"
    with pytest.raises(InvalidTable, match="neither a file nor a shipped scheme"):
        learn_context([moved(0, 1, 0)], "skull19")


def test_errors_are_grouped_by_all_that_is_known():
    errors = LandmarkErrors(("h1", "h2"), ("a", "b"), np.array([[1.0, 2], [3, 4]]), "mm", np.full((2, 2), np.nan))
    assert LandmarkContext().group(errors) == {}
    assert LandmarkContext().summarise(errors) == {"hands_with_outliers": [], "groups": {}}
    ages = {"h1": AgeRecord(30.0, None), "h2": AgeRecord(130.0, "M"), "other": AgeRecord(1, "F")}
    context = LandmarkContext(ages=ages)
    assert {kind: list(parts) for kind, parts in context.group(errors).items()} == {
        "sex": ["boys", "not known"],
        "bone age": ["under 5 years", "10 to 14 years"],
    }
    assert context.summarise(errors)["groups"]["sex"]["boys"]["mean"] == 3.5
