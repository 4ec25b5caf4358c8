import numpy as np
import pytest

from boneage.imaging.standardise import FieldSettings
from boneage.imaging.standardise.lines import Line, angle_between, find_edges, find_lines, label_parts


def half_plane(angle, shape=(120, 160)):
    """A picture that is bright on one side of a line through its middle; the line's normal has the angle."""
    row, column = np.mgrid[: shape[0], : shape[1]]
    level = (row - shape[0] / 2) * np.cos(angle) + (column - shape[1] / 2) * np.sin(angle)
    return (100 * (level > 0)).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.2, 0.6, 0.8, 1.2, np.pi / 2, 2.0, 2.8])
def test_a_line_at_any_angle_is_found_whole(angle):
    edges = find_edges(half_plane(angle), FieldSettings())
    lines = find_lines(edges, FieldSettings())
    assert len(lines) == 1
    line = lines[0]
    assert angle_between(np.array([line.angle_rad]), angle)[0] < 0.02
    assert line.coverage > 0.95
    assert np.abs(edges.positions @ line.normal - line.offset).max() < 1.5
    assert line.length > 115
    assert line.near(edges, 0.2).mean() > 0.95


def test_a_picture_of_one_grey_has_no_edges_and_no_lines():
    edges = find_edges(np.full((30, 40), 9.0, np.float32), FieldSettings())
    assert edges.positions.shape == (0, 2)
    assert find_lines(edges, FieldSettings()) == []


def test_inverting_does_not_change_the_edges():
    picture = np.random.default_rng(0).normal(size=(40, 50)).cumsum(axis=0).astype(np.float32)
    here, there = (find_edges(p, FieldSettings()) for p in (picture, -picture))
    np.testing.assert_array_equal(here.positions, there.positions)


def test_a_line_has_its_geometry():
    line = Line(0.0, 5.0, 2.0, 12.0, 1.0)
    assert line.normal.tolist() == [1.0, 0.0]
    assert line.direction.tolist() == [0.0, 1.0]
    assert line.length == 10.0
    assert line.count_hits(np.array([[5.0, 2.0], [5.0, 4.0], [5.0, 9.0]])) == 5


def test_parts_that_do_not_touch_have_different_numbers():
    picture = np.zeros((60, 60), np.float32)
    picture[10:20, 10:20] = picture[40:50, 40:50] = 100
    edges = find_edges(picture, FieldSettings())
    upper = edges.positions[:, 0] < 30
    part = label_parts(edges, np.ones(len(upper), dtype=bool))
    assert len(np.unique(part[upper])) == len(np.unique(part[~upper])) == 1
    assert part[upper][0] != part[~upper][0]
    assert (label_parts(edges, upper)[~upper] == 0).all()
