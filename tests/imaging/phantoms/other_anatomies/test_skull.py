import numpy as np

from boneage.imaging.phantoms.other_anatomies.skull import draw_skull


def test_the_vault_has_a_denser_rim():
    pixels = draw_skull(np.random.default_rng(1), (600, 560)).astype(float)
    column = np.median(pixels[:, 270:290], axis=1)
    inside = np.median(column[54:64])
    assert column[40:52].max() > inside + 3
    assert inside > np.median(column[5:20]) + 60
