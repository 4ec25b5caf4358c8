import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.imaging.phantoms.solid import draw_solid_hand
from boneage.imaging.phantoms.solid_bones import FAR_MM, Canvas
from boneage.imaging.phantoms.solid_flesh import paint_flesh
from boneage.imaging.phantoms.tissues import draw_tissues


@pytest.fixture(scope="module")
def hand():
    return draw_solid_hand(np.random.default_rng(0), "M", 200.0)


@pytest.fixture(scope="module")
def canvas(hand):
    """Voxels of 2 x 2 x 2 mm; planes are z, rows -y, columns x; the flesh of ``hand`` is painted."""
    linear = np.array([[0.0, 0.0, 0.5], [0.0, -0.5, 0.0], [0.5, 0.0, 0.0]])
    shape = (50, 140, 80)
    canvas = Canvas(
        np.zeros(shape, np.float32),
        np.full(shape, FAR_MM, np.float32),
        Frame.from_linear(linear, (25.0, 110.0, 40.0)),
        draw_tissues(np.random.default_rng(0), 200.0),
    )
    paint_flesh(canvas, hand)
    return canvas


def test_every_bone_is_surrounded_by_flesh_and_the_corners_are_air(canvas, hand):
    bones = [bone for ray in hand.rays.values() for bone in ray]
    middles = canvas.to_voxels.apply([bone.at(bone.length / 2) for bone in bones]).round().astype(int)
    assert (canvas.pixels[tuple(middles.T)] > 0).all()
    assert canvas.pixels[[0, 0, -1, -1], [0, -1, 0, -1], [0, -1, 0, -1]].max() == 0


def test_signals_are_mixtures_of_the_tissues(canvas):
    tissues = canvas.tissues
    painted = canvas.pixels[canvas.pixels > 0]
    assert painted.max() <= max(tissues.values()) + 1e-3
    assert np.count_nonzero(np.isclose(painted, tissues.muscle, rtol=1e-4)) > 500
    assert np.count_nonzero(np.isclose(painted, tissues.fat, rtol=1e-4)) > 500


def test_bones_are_left_to_others(canvas):
    assert (canvas.near == FAR_MM).all()
