"""Phantom hands to try peers on."""

import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.imaging.phantoms import draw_phantom_hand


@pytest.fixture(scope="session")
def hands():
    """Ten upright phantom hands, 450 rows high, of teenagers: the first eight are to learn from."""
    rngs = [np.random.default_rng(seed) for seed in range(10)]
    return [draw_phantom_hand(rng, sex="F", age_months=160, shape=(450, 350)) for rng in rngs]


@pytest.fixture(scope="session")
def squashed(hands):
    """The last hand as a copy of half its rows, and its landmarks in the original's pixels."""
    hand = hands[-1]
    copy = Scan(hand.scan.pixels[::2].copy()).as_resized_copy_of(hand.scan.pixels.shape)
    return copy, hand.points
