import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.imaging.standardise import HandMask, Polarity, WindowSettings
from boneage.imaging.standardise.window import choose_window


@pytest.fixture
def scene():
    """Air of 20, a hand of 100 to 120 in the middle, a letter of 255 and a dark band of 0; and the hand's mask."""
    view = np.full((100, 100), 20.0, np.float32)
    view[30:70, 30:70] = np.linspace(100, 120, 40)
    view[:15, :15], view[90:] = 255.0, 0.0
    mask = np.zeros((100, 100), dtype=bool)
    mask[30:70, 30:70] = True
    return view, HandMask(mask, Frame.identity(2), 0.9, 1, (), 40.0)


def test_letters_and_bands_do_not_decide_the_window(scene):
    view, hand = scene
    window = choose_window(view, np.ones(view.shape, dtype=bool), hand, Polarity(False, 0.9), WindowSettings())
    assert window.low == pytest.approx(20, abs=1)
    assert window.high == pytest.approx(120, abs=1)
    assert window.confidence == 0.9


def test_an_inverted_picture_has_the_same_window_upside_down(scene):
    view, hand = scene
    window = choose_window(255 - view, np.ones(view.shape, dtype=bool), hand, Polarity(True, 0.9), WindowSettings())
    assert window.low == pytest.approx(235, abs=1)
    assert window.high == pytest.approx(135, abs=1)


def test_a_part_darker_than_much_of_the_field_is_no_hand(scene):
    view, hand = scene
    bright = np.where(hand.mask, view, 200).astype(np.float32)
    bright[25:75, 25:75] = np.where(hand.mask[25:75, 25:75], view[25:75, 25:75], 0)
    window = choose_window(bright, np.ones(view.shape, dtype=bool), hand, Polarity(False, 0.9), WindowSettings())
    assert window.high == pytest.approx(200)
    assert window.confidence < 0.5


def test_without_a_hand_all_grey_counts_and_one_grey_is_no_window(scene):
    view, hand = scene
    none = HandMask(np.zeros_like(hand.mask), hand.frame, 0.0, 0, (), 0.0)
    everywhere = np.ones(view.shape, dtype=bool)
    window = choose_window(view, everywhere, none, Polarity(False, 0.9), WindowSettings())
    assert window.low < window.high
    assert window.confidence < 0.5
    flat = choose_window(np.zeros_like(view), everywhere, none, Polarity(False, 0.5), WindowSettings())
    assert (flat.low, flat.high, flat.confidence) == (0.0, 0.0, 0.0)
