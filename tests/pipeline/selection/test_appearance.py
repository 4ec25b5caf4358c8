import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.imaging.errors import UnusableWeights
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.pipeline.selection import appearance
from boneage.pipeline.selection.appearance import compute_features, draw_appearance


@pytest.fixture(scope="module")
def hands():
    """Pictures of three phantom hands of 4, 5 and 16 years."""
    ages = (48.0, 60.0, 192.0)
    return [draw_phantom_hand(np.random.default_rng(k), sex="M", age_months=age).scan for k, age in enumerate(ages)]


def no_weights(*_):
    raise UnusableWeights("weights", "are not installed")


def test_features_have_length_one_and_grow_with_age(hands):
    pictures = np.stack([draw_appearance(scan).picture for scan in hands])
    features, name = compute_features(pictures)
    assert name == "features of efficientnet-lite0"
    assert np.linalg.norm(features, axis=1) == pytest.approx(1)
    assert np.linalg.norm(features[0] - features[1]) < np.linalg.norm(features[0] - features[2])


def test_without_the_weights_gradients_are_taken(hands, monkeypatch):
    pictures = np.stack([draw_appearance(scan).picture for scan in hands])
    monkeypatch.setattr("boneage.regression.networks.weights.find_packaged_weights", no_weights)
    features, name = compute_features(pictures)
    assert name == "histograms of gradients"
    assert features.shape == (3, 1764)
    assert appearance._BACKBONE.backbone not in name


def test_a_negative_looks_like_its_picture(hands):
    scan = hands[0]
    one, other = (draw_appearance(s).picture.astype(int) for s in (scan, Scan(255 - scan.pixels)))
    assert np.abs(one - other).mean() < 10


def test_volumes_are_seen_from_the_front():
    volume = Scan(np.random.default_rng(0).normal(size=(12, 30, 20)))
    assert draw_appearance(volume).picture.shape == (128, 128)
