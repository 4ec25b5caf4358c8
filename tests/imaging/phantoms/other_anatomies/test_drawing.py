import numpy as np
import pytest

from boneage.imaging.phantoms.other_anatomies import ANATOMIES, draw_anatomy


def draw(seed, anatomy, shape=(360, 300)):
    return draw_anatomy(np.random.default_rng(seed), anatomy, shape)


@pytest.mark.parametrize("anatomy", ANATOMIES)
def test_every_anatomy_is_a_phantom_of_the_shape_asked_for_and_the_seed_decides_all(anatomy):
    scan = draw(1, anatomy)
    assert scan.pixels.shape == (360, 300)
    assert scan.phantom
    assert scan.pixels.min() >= 0
    assert scan.pixels.max() <= 255
    assert np.array_equal(scan.pixels, np.round(scan.pixels))
    assert np.array_equal(draw(1, anatomy).pixels, scan.pixels)
    assert not np.array_equal(draw(2, anatomy).pixels, scan.pixels)


@pytest.mark.parametrize("anatomy", ANATOMIES)
def test_sizes_are_drawn_as_archives_have_them(anatomy):
    for seed in range(2):
        rng = np.random.default_rng(seed)
        assert 280 <= max(draw_anatomy(rng, anatomy).pixels.shape) <= 2010


def test_an_unknown_anatomy_and_a_tiny_picture_are_refused():
    with pytest.raises(ValueError, match="got 'hand'"):
        draw(0, "hand")
    with pytest.raises(ValueError, match="at least 64 x 64"):
        draw(0, "foot", (40, 300))
