import cv2
import numpy as np
import pytest

from boneage.imaging.standardise import FingerSettings, MaskSettings
from boneage.imaging.standardise.hand_mask import find_hand


def find(view, exposed=None):
    exposed = np.ones(view.shape, dtype=bool) if exposed is None else exposed
    return find_hand(view.astype(np.float32), exposed, MaskSettings(), FingerSettings())


@pytest.fixture
def view(spread):
    return cv2.resize(spread.scan.pixels, (233, 300), interpolation=cv2.INTER_AREA)


def test_the_hand_is_told_from_uneven_air(spread, view):
    slope = np.linspace(0, 80, 300)[:, None] + np.linspace(0, 40, 233)
    mask, fingers = find(view + slope)
    at = np.rint(mask.frame.apply(spread.points.positions / 3)).astype(int)
    assert mask.mask[at[:, 0], at[:, 1]].mean() > 0.95
    assert 0.1 < mask.mask.mean() < 0.5
    assert mask.quality > 0.9
    assert mask.touches == ("bottom",)
    assert len(fingers) == 5


def test_a_bright_plate_and_a_blackened_name_are_no_hand(view):
    marked = view.copy()
    marked[5:60, 170:225] = 255
    marked[240:290, 5:50] = -150
    mask, _ = find(marked)
    wanted, _ = find(view)
    assert mask.n_hands == 1
    assert (mask.mask != wanted.mask).mean() < 0.02


def test_two_hands_are_counted(view):
    mask, fingers = find(np.hstack([view, view[:, ::-1]]))
    assert mask.n_hands == 2
    assert len(fingers) >= 4


@pytest.mark.parametrize("shape", [(1, 1), (4, 300), (60, 60)])
def test_one_grey_has_no_hand(shape):
    mask, fingers = find(np.zeros(shape))
    assert (mask.n_hands, mask.quality, mask.touches, fingers) == (0, 0.0, (), None)
    assert not mask.mask.any()


def test_what_was_not_exposed_is_never_part_of_the_hand(view):
    exposed = np.ones(view.shape, dtype=bool)
    exposed[:, 150:] = False
    assert not find(view, exposed)[0].mask[:, 70:].any()
