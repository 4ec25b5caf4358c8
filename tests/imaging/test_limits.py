from pathlib import Path

import numpy as np
import pytest

from boneage.imaging import UnreadableScan
from boneage.imaging.limits import LARGEST_AREA, SMALLEST_SIDE, check_content, check_size

PATH = Path("hand.png")


def test_sizes_up_to_both_limits_are_allowed():
    check_size(PATH, SMALLEST_SIDE, SMALLEST_SIDE)
    check_size(PATH, 10_000, LARGEST_AREA // 10_000)


@pytest.mark.parametrize(
    ("rows", "columns", "reason"),
    [
        (SMALLEST_SIDE - 1, 500, r"too small to show a hand \(15 x 500 pixels\)"),
        (500, SMALLEST_SIDE - 1, r"too small to show a hand \(500 x 15 pixels\)"),
        (10_000, LARGEST_AREA // 10_000 + 1, r"too large \(10000 x 20001 pixels, at most 200,000,000 in all\)"),
    ],
)
def test_sizes_beyond_a_limit_are_refused(rows, columns, reason):
    with pytest.raises(UnreadableScan, match=reason) as caught:
        check_size(PATH, rows, columns)
    assert caught.value.path == PATH


def test_a_blank_image_is_refused_and_a_single_other_pixel_is_content():
    pixels = np.full((20, 30), 7.5, np.float32)
    with pytest.raises(UnreadableScan, match=r"blank: every pixel has the value 7\.5"):
        check_content(PATH, pixels)
    pixels[3, 4] = 8
    check_content(PATH, pixels)
