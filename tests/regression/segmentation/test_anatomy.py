import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.imaging.schemes import read_scheme
from boneage.regression.segmentation.anatomy import Centre, check_names, list_centres, measure_hand_length
from tests.regression.segmentation.hands import make_points


def test_every_centre_is_placed_by_landmarks_of_hand37():
    known = set(read_scheme("hand37").names)
    for kind in ("bones", "joints"):
        for centre in list_centres(kind).values():
            assert {*centre.place, *centre.axis, *centre.metaphysis} <= known
            assert sum(centre.place.values()) == pytest.approx(1)
            assert bool(centre.metaphysis) <= bool(centre.shaft)


def test_a_place_is_the_weighted_mean_and_follows_the_hand():
    points = make_points()
    centre = list_centres("bones")["middle_phalanx_3"]
    row, _ = centre.locate(points)
    assert points.position("middle_DIP")[0] < row < points.position("middle_PIP")[0]
    assert np.allclose(centre.direction(points), [-1, 0])


def test_a_bone_without_an_axis_lies_as_the_hand():
    assert Centre("carpals", {"middle_tip": 1.0}, 0.1).direction(make_points()).tolist() == [-1, 0]


def test_the_names_of_another_scheme_are_refused():
    check_names(read_scheme("hand40").names)
    with pytest.raises(InvalidInput, match="hand37, and the localiser finds no radius_styloid_tip"):
        check_names(read_scheme("hand21").names)


def test_the_length_is_that_of_the_drawing():
    assert measure_hand_length(make_points()) == pytest.approx(240, rel=0.01)
