import numpy as np

from boneage.imaging.phantoms.other_anatomies.foot import draw_foot


def test_the_foot_lies_within_the_picture():
    pixels = draw_foot(np.random.default_rng(0), (600, 420))
    air = np.median(pixels[20:60, 20:60])
    assert pixels[250:350, 150:270].mean() > air + 50
    assert abs(np.median(pixels[15:40, 100:320]) - air) < 20
