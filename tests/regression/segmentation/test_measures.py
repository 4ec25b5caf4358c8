import math

import numpy as np
import pytest

from boneage.imaging import Frame
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
