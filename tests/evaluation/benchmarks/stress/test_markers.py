import numpy as np
import pytest

from boneage.evaluation.benchmarks.stress.markers import Marker
from boneage.imaging import Points, Scan

POINTS = Points(("spot",), [[3.0, 4.0]])
DARK = Scan(np.pad(np.full((298, 198), 50.0), 1, constant_values=200.0))


@pytest.mark.parametrize("draw", [Marker.draw_letters, Marker.draw_plate, Marker.draw_plate_on_hand])
def test_a_marker_is_bright_within_the_picture_and_the_same_for_the_same_seed(draw):
    changed, points = draw(np.random.default_rng(4)).apply(DARK, POINTS)
    assert points is POINTS
    marked = changed.pixels[1:-1, 1:-1] > 150
    assert 0.001 < marked.mean() < 0.15
    assert changed.pixels.max() == 200
    assert np.array_equal(draw(np.random.default_rng(4)).apply(DARK, POINTS)[0].pixels, changed.pixels)
    assert not np.array_equal(draw(np.random.default_rng(5)).apply(DARK, POINTS)[0].pixels, changed.pixels)


def test_a_plate_on_the_hand_lies_in_the_middle():
    changed, _ = Marker.draw_plate_on_hand(np.random.default_rng(0)).apply(DARK, POINTS)
    rows, cols = np.nonzero(changed.pixels[1:-1, 1:-1] > 150)
    assert 120 < rows.mean() < 200
    assert 70 < cols.mean() < 140
