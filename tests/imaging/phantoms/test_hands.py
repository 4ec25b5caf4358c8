import json

import numpy as np
import pytest

from boneage.imaging.phantoms import LANDMARK_NAMES, draw_phantom_hand


def draw(seed=0, **fields):
    return draw_phantom_hand(np.random.default_rng(seed), **{"sex": "M", "age_months": 120.0, **fields})


@pytest.fixture(scope="module")
def hand():
    """A boy's hand of 10 years, 900 x 700 pixels."""
    return draw()


def test_the_landmarks_are_those_of_the_atlas_and_lie_in_the_picture(hand):
    assert len(LANDMARK_NAMES) == 37
    assert hand.points.names == LANDMARK_NAMES
    assert (hand.points.positions > 0).all()
    assert (hand.points.positions < np.array(hand.scan.pixels.shape)).all()


def test_it_is_a_left_hand_with_fingers_up(hand):
    at = hand.points.position
    assert at("middle_tip")[0] < at("middle_MCP")[0] < at("radius_metaphysis_radial_corner")[0]
    assert at("thumb_tip")[1] > at("index_tip")[1] > at("little_tip")[1]
    assert hand.scan.laterality == "L"


def test_bones_are_brighter_than_flesh_and_flesh_than_air(hand):
    pixels, at = hand.scan.pixels, hand.points.position

    def mean_around(place, half=4):
        row, col = np.round(place).astype(int)
        return pixels[row - half : row + half, col - half : col + half].mean()

    bone = mean_around((at("mc3_base_CMC3") + at("middle_MCP")) / 2)
    flesh = mean_around((at("middle_MCP") + at("ring_MCP")) / 2)
    air = pixels[-60:, :20].mean()
    assert bone > flesh + 15
    assert flesh > air + 15


def test_growth_plates_close():
    # Profile along the axis of the middle finger's proximal phalanx: a dark band between shaft and epiphysis
    # in the child, none in the grown hand.
    def deepest_gap(age):
        depths = []
        for seed in range(4):
            hand = draw(seed, age_months=age)
            a, b = hand.points.position("middle_MCP"), hand.points.position("middle_PIP")
            along = a + (b - a) * np.linspace(0.03, 0.3, 80)[:, None]
            rows, cols = np.round(along).astype(int).T
            profile = hand.scan.pixels[rows, cols] / hand.scan.pixels.max()
            depths.append(min(profile[:40].max(), profile[40:].max()) - profile.min())
        return np.mean(depths)

    assert deepest_gap(110.0) > deepest_gap(214.0) + 0.05


def test_the_same_seed_draws_the_same_hand_and_another_another(hand):
    assert np.array_equal(draw().scan.pixels, hand.scan.pixels)
    assert not np.array_equal(draw(1).scan.pixels, hand.scan.pixels)


def test_ages_beyond_the_model_and_tiny_pictures_are_refused():
    with pytest.raises(ValueError, match="age_months"):
        draw(age_months=3)
    with pytest.raises(ValueError, match="shape"):
        draw(shape=(10, 10))


def test_the_names_are_the_real_atlas_names(real_data):
    assert json.loads((real_data / "dha" / "landmark_names.json").read_text()) == list(LANDMARK_NAMES)
