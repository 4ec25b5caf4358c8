import numpy as np

from boneage.imaging.phantoms.other_anatomies.chest import draw_chest


def test_lungs_are_darker_than_the_mediastinum_and_the_belly():
    pixels = draw_chest(np.random.default_rng(0), (500, 500))
    lungs = (pixels[200:280, 130:180].mean() + pixels[200:280, 320:370].mean()) / 2
    assert pixels[250:300, 230:270].mean() > lungs + 40
    assert pixels[420:460, 150:350].mean() > lungs + 20
