import math

import numpy as np
import pytest

from boneage.imaging import Frame, Points
from boneage.regression.segmentation.anatomy import list_centres
from boneage.regression.segmentation.measures import measure_centres, refine_outlines
from boneage.regression.segmentation.naming import name_parts
from tests.regression.segmentation.hands import LENGTH, draw_discs, make_points

BONES = list_centres("bones")
POINTS = make_points()


def measure(mask):
    outlines = name_parts(mask, BONES, POINTS, LENGTH)
    return {one.name: one for one in measure_centres(outlines, mask, BONES, POINTS, LENGTH)}


def test_a_disc_has_its_area_its_width_and_its_place():
    found = measure(draw_discs(POINTS, {"capitate": 10}))["capitate"]
    assert found.present
    assert found.probability == found.score == 1
    assert found.area * LENGTH**2 == pytest.approx(math.pi * 10**2, rel=0.04)
    assert found.width * LENGTH == pytest.approx(20.5, abs=1)
    assert found.height * LENGTH == pytest.approx(20.5, abs=1)
    assert np.allclose([found.row, found.column], BONES["capitate"].locate(POINTS), atol=0.6)


def test_what_is_not_there_has_the_highest_probability_near_its_place():
    mask = draw_discs(POINTS, {"capitate": 10})
    mask[tuple(BONES["lunate"].locate(POINTS).round().astype(int))] = 0.3
    found = measure(mask)
    assert not found["lunate"].present
    assert found["lunate"].probability == pytest.approx(0.3)
    assert found["distal_phalanx_5"].probability == 0
    assert math.isnan(found["lunate"].area)
    assert list(found) == list(BONES)


def test_width_is_across_the_axis_of_the_bone_and_relative_to_the_metaphysis():
    mask = np.zeros((320, 320), np.float32)
    row, column = BONES["radius"].locate(POINTS).round().astype(int)
    mask[row - 2 : row + 3, column - 12 : column + 13] = 1
    found = measure(mask)["radius"]
    assert found.width * LENGTH == pytest.approx(25, abs=0.6)
    assert found.height * LENGTH == pytest.approx(5, abs=0.6)
    corners = POINTS.select(BONES["radius"].metaphysis).positions
    assert found.relative_width == pytest.approx(25 / np.linalg.norm(corners[0] - corners[1]), rel=0.03)


def draw_radius(top, bottom):
    """Return the measures of a hand with a radius 25 pixels wide, from one row to another, both in it."""
    mask = np.zeros((320, 320), np.float32)
    column = BONES["radius"].locate(POINTS).round().astype(int)[1]
    mask[top : bottom + 1, column - 12 : column + 13] = 1
    return measure(mask)["radius"]


def test_the_distance_from_the_metaphysis_is_that_of_the_nearest_edge_and_negative_beyond_it():
    plate = POINTS.position("radius_metaphysis_ulnar_corner")[0]  # both corners lie in that row
    assert POINTS.position("radius_metaphysis_radial_corner")[0] == plate
    row = int(plate)
    apart, beyond = draw_radius(row - 12, row - 6), draw_radius(row - 8, row + 2)
    assert apart.metaphysis_distance * LENGTH == pytest.approx(plate - (row - 6 + 0.5), abs=0.1)
    assert beyond.metaphysis_distance * LENGTH == pytest.approx(plate - (row + 2 + 0.5), abs=0.1)


def test_bones_without_landmarks_at_the_metaphysis_have_no_distance_from_it():
    found = measure(draw_discs(POINTS, {"capitate": 10, "proximal_phalanx_3": 6}))
    for name in ("capitate", "proximal_phalanx_3"):
        assert found[name].present
        assert math.isnan(found[name].metaphysis_distance)
        assert math.isnan(found[name].relative_width)


def test_a_centre_whose_landmarks_are_missing_has_no_probability():
    positions = POINTS.positions.copy()
    positions[POINTS.names.index("thumb_IP")] = np.nan
    points = Points(POINTS.names, positions)
    mask = draw_discs(POINTS, {"capitate": 10})
    outlines = name_parts(mask, BONES, points, LENGTH)
    found = {one.name: one for one in measure_centres(outlines, mask, BONES, points, LENGTH)}
    assert not found["distal_phalanx_1"].present
    assert math.isnan(found["distal_phalanx_1"].probability)
    assert found["distal_phalanx_2"].probability == 0


def test_outlines_in_another_grid_follow_the_frame():
    outlines = name_parts(mask := draw_discs(POINTS, {"capitate": 10}), BONES, POINTS, LENGTH)
    doubled = refine_outlines(outlines, mask, Frame.resize((320, 320), (640, 640)), (640, 640))
    assert (doubled > 0).sum() == pytest.approx(4 * mask.sum(), rel=0.06)


def test_a_part_that_interpolation_takes_away_is_not_there():
    mask = np.zeros((320, 320), np.float32)
    row, column = BONES["capitate"].locate(POINTS).round().astype(int)
    mask[row, column : column + 3] = 0.501
    found = measure(mask)["capitate"]
    assert not found.present
    assert found.probability == pytest.approx(0.501)
