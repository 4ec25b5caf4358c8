import numpy as np

from boneage.imaging.phantoms.other_anatomies.limb import draw_limb


def test_flesh_and_bones_run_through_the_picture_and_air_is_beside_them():
    for seed in range(8):
        pixels = draw_limb(np.random.default_rng(seed), (500, 400))
        across = np.sort(np.median(pixels[200:300], axis=0))
        assert across[-20:].mean() > across[:20].mean() + 50
