import cv2
import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.imaging.duplicates import draw_fingerprint, find_copies
from boneage.imaging.phantoms import draw_phantom_hand, draw_phantom_volume


def draw_hand(seed):
    return draw_phantom_hand(np.random.default_rng(seed), sex="F", age_months=100.0 + 10 * seed).scan.pixels


@pytest.fixture(scope="module")
def hands():
    """Three phantom hands, as arrays of grey values from 0 to 255."""
    return [draw_hand(seed) for seed in range(3)]


def find(*pictures):
    return find_copies(np.stack([draw_fingerprint(Scan(picture)) for picture in pictures])).tolist()


def test_copies_in_another_size_contrast_or_quality_are_found(hands):
    hand, noise = hands[0], np.random.default_rng(0).normal(0, 5, hands[0].shape)
    half = cv2.resize(hand, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".jpg", np.rint(hand).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 30])[1]
    jpeg = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    copies = (half, cv2.resize(hand, (200, 200)), 0.5 * hand + 20, 255 - hand, hand + noise, jpeg)
    assert find(hand, *copies) == [0] * 7


def test_other_hands_and_moved_ones_are_no_copies(hands):
    assert find(*hands, hands[0][:, ::-1], hands[0][::-1]) == [0, 1, 2, 3, 4]


def test_a_copy_is_of_the_first_that_is_kept(hands):
    first, second, _ = hands
    assert find(second, first, second, first) == [0, 1, 0, 1]


def test_pictures_without_structure_are_no_copies_of_each_other():
    assert find(np.full((30, 30), 7.0), np.full((30, 30), 7.0)) == [0, 1]


def test_volumes_are_compared_too():
    volumes = [
        draw_phantom_volume(np.random.default_rng(seed), sex="F", age_months=120.0, spacing_mm=(4.0, 3.0, 3.0)).scan
        for seed in (0, 1)
    ]
    marks = np.stack([draw_fingerprint(scan) for scan in (*volumes, volumes[0])])
    assert find_copies(marks).tolist() == [0, 1, 0]


def test_many_are_compared_in_blocks():
    marks = np.random.default_rng(0).normal(size=(700, 50)).astype(np.float32)
    marks /= np.linalg.norm(marks, axis=1, keepdims=True)
    marks[650] = marks[3]
    found = find_copies(marks)
    assert found[650] == 3
    assert np.flatnonzero(found != np.arange(700)).tolist() == [650]
