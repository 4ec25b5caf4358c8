import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.imaging.standardise import split_hands, standardise
from tests.imaging.files.doubtful_pictures import TWO, put_beside


@pytest.fixture(scope="module")
def picture(spread):
    return spread.scan.pixels.astype(np.uint8)


def count(pixels):
    return standardise(Scan(pixels.astype(np.float32))).mask.n_hands


@pytest.mark.parametrize("kind", TWO, ids=[kind.name for kind in TWO])
def test_two_hands_are_counted_and_parted(picture, kind):
    pixels = kind.make(picture)
    assert count(pixels) == 2
    left, right = split_hands(Scan(pixels.astype(np.float32)))
    first, second = (hand.frame_to_original().apply([[0.0, 0.0]])[0, 1] for hand in (left, right))
    assert first == 0
    assert second > 0.7 * picture.shape[1]


@pytest.mark.parametrize("rows", [slice(None), slice(None, 700), slice(300, None)])
def test_one_hand_or_a_part_of_it_is_one(picture, rows):
    assert count(picture[rows]) == 1
    assert count(255 - picture[rows]) == 1
    wide = np.pad(picture[rows], ((0, 0), (700, 700)), constant_values=int(np.percentile(picture, 2)))
    assert count(wide) == 1


def test_hands_of_two_fields_are_two_in_the_negative_and_above_each_other(picture):
    both = put_beside(picture, mirrored=True, exposure=0.4, gap=0.2)
    for pixels in (255 - both, both.T, both[::-1]):
        assert count(pixels) == 2


def test_what_is_no_hand_is_not_counted(picture):
    pixels = np.pad(picture, ((0, 0), (0, 600)), constant_values=int(np.percentile(picture, 2)))
    pixels[200:600, 900:1200] = 120  # a plate
    pixels[700:760, 800:1250] = 200
    assert count(pixels) == 1
