import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.regression import RegionStack
from boneage.regression.region_stack import join_regions, normalise_grey


def test_parts_that_do_not_fit_together_are_refused():
    pixels = np.zeros((1, 8, 8), np.float32)
    with pytest.raises(ValueError, match="float32"):
        RegionStack(("a",), pixels.astype(float), np.array([False]), (None,))
    with pytest.raises(ValueError, match="frame if it is present"):
        RegionStack(("a",), pixels, np.array([True]), (None,))
    with pytest.raises(ValueError, match="finite"):
        RegionStack(("a",), pixels * np.nan, np.array([False]), (None,))


def test_two_stacks_are_joined_in_order():
    rng = np.random.default_rng(0)
    hand, bones = (
        RegionStack(names, rng.random((len(names), 8, 8), np.float32), np.ones(len(names), bool), (frame,) * len(names))
        for names, frame in ((("hand",), Frame.identity(2)), (("radius", "ulna"), Frame.resize((4, 4), (8, 8))))
    )
    joined = join_regions(hand, bones)
    assert joined.names == ("hand", "radius", "ulna")
    assert np.array_equal(joined.pixels[1:], bones.pixels)
    assert joined.frames[1] is bones.frames[0]


def test_grey_values_run_from_the_1st_percentile_to_the_99th():
    pixels = np.random.default_rng(0).uniform(20, 200, (32, 32)).astype(np.float32)
    low, high = np.percentile(pixels, (1, 99))
    normalised = normalise_grey(pixels)
    assert normalised.dtype == np.float32
    assert np.allclose(normalised, np.clip((pixels - low) / (high - low), 0, 1), atol=1e-6)
    assert np.allclose(normalise_grey(3 * pixels + 5), normalised, atol=1e-5)
    assert (normalise_grey(np.full((4, 4), 7.0, np.float32)) == 0).all()
