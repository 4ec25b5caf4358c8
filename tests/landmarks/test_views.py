import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.landmarks.similarity import rotate
from boneage.landmarks.views import Bounds, Jitter, draw_close_view, draw_jitter, draw_view, image_bounds

SCAN = Scan(np.random.default_rng(0).uniform(0, 255, (60, 40)))


def test_a_view_has_the_map_from_the_file():
    pose = Frame.from_linear(np.eye(2) / 60, [-0.5, -0.3])
    view = draw_view(SCAN, pose, Bounds(np.array([-0.5, -0.3]), np.array([0.4, 0.3])), 60)
    place = np.array([[20.0, 10.0]])
    row, col = view.to_view.apply(place)[0]
    assert (row, col) == pytest.approx((20, 10))
    assert view.picture[20, 10] == pytest.approx(SCAN.pixels[20, 10], rel=1e-4)


def test_the_bounds_of_an_image_hold_its_corners():
    pose = Frame.from_linear(np.array([[0.0, 0.1], [-0.1, 0.0]]), [1.0, 2.0])
    bounds = image_bounds(SCAN, pose)
    corners = pose.apply([[0, 0], [59, 39]])
    assert np.allclose(np.minimum(*corners), bounds.low)
    assert np.allclose(np.maximum(*corners), bounds.high)


def test_jitter_is_drawn_within_its_limits_and_replays():
    splits = [draw_jitter(np.random.default_rng(k), 2, 0.3, 0.2) for k in range(50)]
    assert max(abs(jitter.angles_rad[0]) for jitter in splits) <= 0.3
    assert max(abs(jitter.log_scale) for jitter in splits) <= 0.2
    assert draw_jitter(np.random.default_rng(7), 2, 0.3, 0.2) == splits[7]
    assert splits[0].apply(Frame.identity(2)).scale() == pytest.approx(np.exp(splits[0].log_scale))


def test_exposure_darkens_or_brightens_midtones_in_the_same_order():
    picture = np.linspace(0, 200, 101, dtype=np.float32).reshape(1, -1)
    dark, bright = (Jitter((0.0,), 0.0, log_gamma).expose(picture) for log_gamma in (0.7, -0.7))
    assert Jitter((0.0,), 0.0).expose(picture) is picture
    middle = float(picture[0, 50]) / 200
    assert dark[0, 50] < middle < bright[0, 50]
    assert (np.diff(dark[0]) >= 0).all()
    assert np.isfinite(Jitter((0.0,), 0.0, 0.7).expose(np.zeros((4, 4), np.float32))).all()


def test_a_close_view_of_a_volume_is_a_part_of_it_as_it_lies():
    """A volume of 40 x 60 x 50 voxels of 2 x 0.5 x 0.5 mm, in which the anatomy is 100 mm long and turned."""
    pixels = np.random.default_rng(1).uniform(0, 9, (40, 60, 50))
    scan = Scan(pixels, spacing=(2.0, 0.5, 0.5), spacing_unit="mm")
    pose = Frame.from_linear(rotate((0.3, 0.2, 0.1), 3) / 100, [-0.4, -0.15, -0.12]).compose(scan.frame_to_true())
    bounds = Bounds(np.full(3, -0.3), np.full(3, 0.3))
    view = draw_close_view(scan, pose, bounds, 80)  # a pixel is 1.25 mm
    assert view.to_view.inverse().matrix[:3, :3] == pytest.approx(np.diag([1, 2, 2]))
    assert view.picture.shape[1:] == (30, 25)
    assert np.asarray(view.resolution) == pytest.approx([50, 100, 100])
    place = view.to_view.inverse().apply([[5.0, 6.0, 7.0]])
    corner = np.round(place[0] - [0, 0.5, 0.5]).astype(int)
    block = pixels[corner[0], corner[1] : corner[1] + 2, corner[2] : corner[2] + 2]
    assert view.picture[5, 6, 7] == pytest.approx(block.mean(), rel=1e-5)
    turn = rotate((0.5, 0, 0), 3)
    step = np.array([1.0, -2.0, 0.5])
    in_reference = pose.apply(view.to_view.inverse().apply([step, np.zeros(3)]))
    assert view.turn_from(turn) @ step == pytest.approx(turn @ (in_reference[0] - in_reference[1]) * 80)


def test_jitter_of_volumes_turns_about_three_axes():
    jitter = draw_jitter(np.random.default_rng(0), 3, 0.3, 0.2)
    assert len(set(jitter.angles_rad)) == 3
    linear = jitter.linear(3) / np.exp(jitter.log_scale)
    assert linear @ linear.T == pytest.approx(np.eye(3))
    assert np.linalg.det(linear) == pytest.approx(1)
