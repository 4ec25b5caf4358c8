import math
from xml.etree import ElementTree

import numpy as np
import pytest

from boneage.evaluation.figures import draw_error_map
from tests.evaluation.makers import errors_of, make_errors

SHAPE = np.array([[0.0, 0.0], [1.0, 0.2], [0.5, 1.0]])


def words(svg):
    return [e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and e.text]


def label_heights(svg, names):
    """Where the labels stand, (x, y) in points."""
    heights = {}
    for e in ElementTree.fromstring(svg).iter():
        if e.tag.endswith("text") and e.text in names:
            heights[e.text] = (round(float(e.attrib["x"])), float(e.attrib["y"]))
    return heights


def test_every_landmark_is_named_and_both_scales_have_units():
    texts = words(draw_error_map(make_errors(), SHAPE, [("radius", "ulna"), ("radius", "no such landmark")]))
    assert {"radius", "ulna", "lunate", "median", "95th percentile"} <= set(texts)
    assert texts.count("(mm)") == 2


def test_the_map_is_drawn_of_lines_alone():
    assert "<image" not in draw_error_map(make_errors(), SHAPE)


def test_labels_of_crowded_landmarks_do_not_overlap():
    names = tuple(f"landmark {k}" for k in range(40))
    shape = np.random.default_rng(0).normal(0.5, 0.01, (40, 2))
    shape[0], shape[1] = (0, 0), (1, 1)
    heights = label_heights(draw_error_map(make_errors(names=names), shape), names)
    assert len(heights) == 40
    for side in {place for place, _ in heights.values()}:
        column = sorted(height for place, height in heights.values() if place == side)
        assert np.diff(column).min() > 7  # points; the letters are 6.5 high


def test_what_was_never_found_or_has_no_place_is_left_out():
    errors = errors_of([[1, math.inf, 2], [2, math.inf, 3]], ("a", "never", "nowhere"))
    shape = np.array([[0.0, 0.0], [1.0, 1.0], [math.nan, math.nan]])
    assert {"never", "nowhere"}.isdisjoint(words(draw_error_map(errors, shape)))
    with pytest.raises(ValueError, match="no landmark has both"):
        draw_error_map(errors, np.full((3, 2), np.nan))
    with pytest.raises(ValueError, match="must have 3 landmarks, got 2"):
        draw_error_map(errors, shape[:2])


@pytest.mark.parametrize("ndim", [2, 3])
def test_one_landmark_and_shapes_in_space_are_drawn(ndim):
    assert "a" in words(draw_error_map(errors_of([[0.0]], "a"), np.zeros((1, ndim))))


def test_a_tail_among_those_not_found_is_marked():
    errors = errors_of([[1, 1], [1, math.inf]], "ab")
    assert "not found" in words(draw_error_map(errors, SHAPE[:2]))
    assert "not found" not in words(draw_error_map(errors_of([[1, 1]], "ab"), SHAPE[:2]))


def test_a_shape_in_space_is_seen_from_the_front_and_the_side_with_names_once():
    shape = np.array([[0.0, 0, 0], [1, 5, 2], [0.5, 9, 1]])
    texts = words(draw_error_map(make_errors(), shape, [("radius", "ulna")]))
    assert {"coronal", "sagittal"} <= set(texts)
    assert texts.count("radius") == 1
    assert "coronal" not in words(draw_error_map(make_errors(), shape[:, 1:]))
