import numpy as np

from boneage.imaging.phantoms.other_anatomies.spine import draw_spine


def test_vertebrae_repeat_along_a_bright_column():
    means = []
    for seed in range(4):
        pixels = draw_spine(np.random.default_rng(seed), (600, 360))[150:430]
        means.append(pixels[:, 165:195].mean() - pixels[:, 60:90].mean())
    assert np.mean(means) > 15
