import cv2
import numpy as np
import pytest

from boneage.imaging.phantoms import draw_phantom_hand
from boneage.imaging.standardise import Polarity, PolaritySettings
from boneage.imaging.standardise.polarity import judge_polarity, measure_polarity, weigh_hands


@pytest.mark.parametrize("seed", range(6))
def test_phantoms_are_judged_right_in_both_polarities(seed):
    hand = draw_phantom_hand(np.random.default_rng(seed), sex="M", age_months=40.0 + 25 * seed)
    view = cv2.resize(hand.scan.pixels, (230, 300), interpolation=cv2.INTER_AREA)
    exposed = np.ones(view.shape, dtype=bool)
    here, there = judge_polarity(view, exposed, PolaritySettings()), judge_polarity(-view, exposed, PolaritySettings())
    assert (here.inverted, there.inverted) == (False, True)
    assert here.confidence == pytest.approx(there.confidence)
    assert here.confidence > 0.95


def test_inversion_negates_every_number():
    view = np.random.default_rng(0).normal(size=(80, 60)).cumsum(axis=0).astype(np.float32)
    exposed = np.ones(view.shape, dtype=bool)
    here, there = (measure_polarity(v, exposed, PolaritySettings()) for v in (view, -view))
    np.testing.assert_allclose(here, -there, atol=1e-3)


def test_one_grey_tells_nothing():
    view, exposed = np.full((20, 30), 5.0, np.float32), np.ones((20, 30), dtype=bool)
    result = judge_polarity(view, exposed, PolaritySettings())
    assert (result.inverted, result.confidence) == (False, 0.5)
    assert judge_polarity(view, ~exposed, PolaritySettings()).confidence == 0.5


@pytest.mark.parametrize("inverted", [False, True])
def test_a_hand_seen_better_in_the_other_polarity_turns_a_doubtful_judgement(inverted):
    doubtful = Polarity(inverted, 0.6)
    assert weigh_hands(doubtful, 0.9, 0.2, PolaritySettings()).inverted == inverted
    assert weigh_hands(doubtful, 0.9, 0.2, PolaritySettings()).confidence > 0.95
    assert weigh_hands(doubtful, 0.2, 0.9, PolaritySettings()).inverted != inverted
    assert weigh_hands(doubtful, 0.5, 0.5, PolaritySettings()).confidence == pytest.approx(0.6)
