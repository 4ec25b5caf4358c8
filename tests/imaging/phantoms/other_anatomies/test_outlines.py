import numpy as np
import pytest

from boneage.imaging.frames import Frame
from boneage.imaging.phantoms.other_anatomies.outlines import (
    add_bone,
    add_tissue,
    outline_ellipse,
    outline_long_bone,
    outline_strip,
    smooth_closed,
    smooth_path,
)
from boneage.imaging.phantoms.radiograph import Film

SQUARE = np.array([[-10.0, -10], [10, -10], [10, 10], [-10, 10]])


@pytest.fixture
def film():
    """A film of 100 x 80 pixels, two a millimetre, whose origin is in the middle and whose y points up."""
    return Film((100, 80), Frame.from_linear(np.array([[0.0, -2.0], [2.0, 0.0]]), [50, 40]))


def test_a_bone_is_densest_near_its_outline_and_nothing_is_outside(film):
    add_bone(film, SQUARE, depth=8.0, cortex=1.5, density=0.5)
    assert film.absorption[50, 40] > 0
    assert film.absorption[33:36, 40].max() > film.absorption[50, 40]
    assert film.absorption[:28].max() == film.absorption[:, :18].max() == 0


def test_tissue_adds_up_to_its_amount_and_may_be_taken_away(film):
    add_tissue(film, SQUARE, amount=1.0, edge=3.0)
    add_tissue(film, outline_ellipse([0, 0], 4, 4), amount=-0.4, edge=1.0)
    assert film.absorption[50, 40] == pytest.approx(0.6)
    assert film.absorption[50, 55] == pytest.approx(1.0)


def test_the_films_edge_is_not_the_bodys(film):
    add_tissue(film, SQUARE * 10, amount=1.0, edge=5.0)
    assert film.absorption.min() == pytest.approx(1.0)


def test_what_lies_beside_the_film_changes_nothing(film):
    add_bone(film, SQUARE + np.array([500.0, 0.0]), depth=8.0, cortex=1.5, density=0.5)
    assert film.absorption.max() == 0


def test_outlines_have_the_sizes_asked_for():
    assert np.ptp(outline_ellipse([3, 4], 5, 2), axis=0) == pytest.approx([10, 4])
    strip = outline_strip(smooth_path([(0, 0), (0, 10), (0, 20)]), 6.0)
    assert np.ptp(strip, axis=0) == pytest.approx([6, 20])
    bone = outline_long_bone((0, 0), (0, 40), 12, 6, 10)
    assert np.ptp(bone[:, 1]) == pytest.approx(40)
    assert 10 < np.ptp(bone[:, 0]) < 13
    closed = smooth_closed(SQUARE)
    assert np.allclose(closed[0], closed[-1])
    assert np.linalg.norm(closed - SQUARE[1], axis=1).min() < 0.6
