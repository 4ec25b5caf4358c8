import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.imaging.phantoms.growth import Stage
from boneage.imaging.phantoms.solid import SolidBone, SolidCarpal
from boneage.imaging.phantoms.solid_bones import FAR_MM, Canvas, paint_carpals, paint_long_bone
from boneage.imaging.phantoms.tissues import draw_tissues

SHAPE = (24, 72, 40)


def make_canvas():
    """Cubic voxels of 1 mm; planes are z, rows -y, columns x, with (x, y, z) = 0 at the voxel (12, 66, 20)."""
    to_voxels = Frame.from_linear(np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]), (12.0, 66.0, 20.0))
    tissues = draw_tissues(np.random.default_rng(0), 200.0)
    return Canvas(np.zeros(SHAPE, np.float32), np.full(SHAPE, FAR_MM, np.float32), to_voxels, tissues)


def make_bone(fusion=0.0):
    axes = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return SolidBone("pp2", np.zeros(3), axes, 50.0, 9.0, 15.0, 11.0, 7.0, False, Stage(1.0, fusion))


def test_a_box_is_clipped_to_the_volume():
    canvas = make_canvas()
    low, high = canvas.box(np.array([[-5.0, 0.0, 0.0], [5.0, 10.0, 500.0]]))
    assert low.tolist() == [12, 56, 15]
    assert high.tolist() == [24, 67, 26]


def test_the_axes_of_a_body_count_from_its_origin():
    bone = make_bone()
    linear, offset = make_canvas().into(bone.start, bone.axes)
    assert linear @ [12, 66 - 30, 20] + offset == pytest.approx([30, 0, 0])  # 30 mm along the bone


def test_a_shaft_is_marrow_in_cortex_and_its_open_growth_plate_is_dark():
    canvas = make_canvas()
    paint_long_bone(canvas, make_bone(), 1.0)
    axis = canvas.pixels[12, :, 20]
    assert axis[66 - 30] == pytest.approx(canvas.tissues.yellow_marrow, rel=0.01)
    assert axis[66 - 7] < 0.75 * axis[66 - 30]  # 7 mm from the base
    across = canvas.pixels[12, 66 - 30]
    assert across[20] > across[24]  # cortex
    assert across[30] == 0


def test_a_closed_growth_plate_is_brighter_than_an_open_one():
    values = []
    for fusion in (0.0, 1.0):
        canvas = make_canvas()
        paint_long_bone(canvas, make_bone(fusion), 1.0)
        values.append(float(canvas.pixels[12, 66 - 8 : 66 - 5, 20].min()))
    assert values[1] > values[0] + 50


def test_distances_to_the_nearest_bone_are_recorded():
    canvas = make_canvas()
    paint_long_bone(canvas, make_bone(), 1.0)
    assert canvas.near[12, 66 - 30, 20] == pytest.approx(-4.5, abs=1.0)  # half the waist
    assert canvas.near[0, 0, 0] == FAR_MM


def test_two_carpals_that_overlap_share_a_border_halfway():
    canvas = make_canvas()
    carpals = tuple(
        SolidCarpal(name, np.array([x, 30.25, 0.0]), np.eye(3), np.full(3, 8.0), Stage(1.0, 0.0))
        for name, x in (("capitate", -7.0), ("hamate", 7.0))
    )
    paint_carpals(canvas, carpals, 1.0)
    row = canvas.pixels[12, 66 - 30]
    assert row[20] < 0.7 * min(row[13], row[27])
    assert row[12:29] == pytest.approx(row[12:29][::-1])
