import numpy as np
import pytest

from boneage.imaging.phantoms.scanner import receive

SPACING_MM = (2.0, 0.9, 0.9)


def test_air_has_rician_noise_and_values_are_whole_and_not_negative():
    air = receive(np.random.default_rng(0), np.zeros((6, 40, 40), np.float32), SPACING_MM)
    assert air.dtype == np.float32
    assert np.array_equal(air, np.rint(air))
    assert air.min() >= 0
    assert air.mean() / air.std() == pytest.approx(1.91, abs=0.05)  # of a Rayleigh distribution


def test_signal_comes_through_with_an_uneven_gain():
    signal = np.full((6, 60, 60), 850, np.float32)
    received = receive(np.random.default_rng(1), signal, SPACING_MM)
    assert 0.5 * 850 < received[:, 20:40, 20:40].mean() < 1.6 * 850
    assert received[:, [0, -1]].mean() < received[:, 25:35].mean()  # the coil's gain falls off at the ends


def test_the_signal_is_not_changed_and_the_same_seed_receives_the_same():
    signal = np.full((4, 30, 30), 400, np.float32)
    first, second = (receive(np.random.default_rng(3), signal, SPACING_MM) for _ in range(2))
    assert np.array_equal(first, second)
    assert (signal == 400).all()
