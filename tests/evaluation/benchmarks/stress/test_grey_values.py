import numpy as np
import pytest

from boneage.evaluation.benchmarks.stress.grey_values import BitDepth, Blur, Contrast, Gamma, Inversion, Jpeg, Noise
from boneage.imaging import Points, Scan

POINTS = Points(("spot",), [[3.0, 4.0]])
ALL = [Inversion(), Gamma(2.0), Contrast(0.25), Noise(25.0, 1), Blur(0.02), Jpeg(20), BitDepth(12)]


@pytest.fixture
def ramp():
    """Grey values from 100 to 1100 along 101 columns."""
    return Scan(np.tile(np.linspace(100, 1100, 101), (60, 1)))


@pytest.mark.parametrize("change", ALL, ids=repr)
def test_landmarks_and_arguments_stay_and_the_same_change_gives_the_same_picture(ramp, change):
    pixels = ramp.pixels.copy()
    changed, points = change.apply(ramp, POINTS)
    assert points is POINTS
    assert changed.pixels.shape == pixels.shape
    assert np.array_equal(ramp.pixels, pixels)
    assert np.array_equal(change.apply(ramp, POINTS)[0].pixels, changed.pixels)
    assert not np.array_equal(changed.pixels, pixels)


@pytest.mark.parametrize("change", ALL, ids=repr)
def test_a_picture_of_one_grey_value_has_no_range_to_change(change):
    assert np.isfinite(change.apply(Scan(np.full((20, 20), 7.0)), POINTS)[0].pixels).all()


def test_inversion_keeps_the_range(ramp):
    inverted = Inversion().apply(ramp, POINTS)[0].pixels
    assert inverted[0] == pytest.approx(ramp.pixels[0, ::-1])


def test_gamma_and_contrast_act_on_the_range(ramp):
    assert Gamma(2.0).apply(ramp, POINTS)[0].pixels[0, 50] == pytest.approx(350)
    flat = Contrast(0.25).apply(ramp, POINTS)[0].pixels
    assert np.ptp(flat) == pytest.approx(250, abs=5)
    hard = Contrast(2.0).apply(ramp, POINTS)[0].pixels
    assert (hard[0, :25] == 100).all()
    assert (hard[0, -25:] == 1100).all()


def test_noise_has_its_sigma_and_stays_in_the_range():
    middle = Scan(np.array([[0.0, 255.0]] + [[128.0, 128.0]] * 4000))
    noisy = Noise(25.0, 3).apply(middle, POINTS)[0].pixels
    assert noisy[1:].std() == pytest.approx(25, rel=0.05)
    assert noisy.min() >= 0
    assert noisy.max() <= 255


def test_bits_are_whole_numbers_up_to_the_largest(ramp):
    for bits in (8, 12, 16):
        pixels = BitDepth(bits).apply(ramp, POINTS)[0].pixels
        assert (pixels.min(), pixels.max()) == (0, 2**bits - 1)
        assert np.array_equal(pixels, np.rint(pixels))


def test_a_poorer_jpeg_is_further_off(ramp):
    rng = np.random.default_rng(0)
    scan = Scan(ramp.pixels + rng.normal(0, 100, ramp.pixels.shape))
    off = [np.abs(Jpeg(quality).apply(scan, POINTS)[0].pixels - scan.pixels).mean() for quality in (90, 10)]
    assert off[0] < off[1]
