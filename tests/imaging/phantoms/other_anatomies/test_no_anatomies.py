import numpy as np
import pytest

from boneage.imaging.phantoms.other_anatomies.no_anatomies import draw_gradient, draw_noise, draw_text

SHAPE = (300, 240)


@pytest.mark.parametrize("draw", [draw_text, draw_noise, draw_gradient])
def test_the_seed_decides_all(draw):
    first, second, other = (draw(np.random.default_rng(seed), SHAPE) for seed in (1, 1, 2))
    assert first.shape == SHAPE
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_noise_has_no_structure_and_a_gradient_little_else():
    noise = draw_noise(np.random.default_rng(0), SHAPE)
    assert abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.02
    gradient = draw_gradient(np.random.default_rng(0), SHAPE)
    assert gradient[:100, :80].std() < 25


def test_text_is_lines_on_paper():
    pixels = draw_text(np.random.default_rng(0), (800, 600))
    ink = np.abs(pixels - np.median(pixels)) > 60
    assert 0.01 < ink.mean() < 0.3
    assert not ink.any(axis=1).all()
