import numpy as np
import pytest

from boneage.imaging.phantoms.anatomy import RADIUS, RAYS
from boneage.imaging.phantoms.building import Build


def test_lengths_vary_a_little_about_the_bones_own_and_scale_with_the_hand():
    build = Build(np.random.default_rng(0), 120.0, 0.8, 1.0)
    lengths = np.array([build.draw_length(RADIUS) for _ in range(200)])
    assert lengths.mean() == pytest.approx(0.8 * RADIUS.length, rel=0.01)
    assert 0 < lengths.std() < 0.03 * lengths.mean()


def test_a_growth_plate_lies_near_the_end_that_grows():
    build = Build(np.random.default_rng(0), 120.0, 0.8, 1.0)
    index = next(ray for ray in RAYS if ray.name == "index")
    metacarpal, phalanx = index.bones[:2]
    assert build.zone(RADIUS, 60.0) == build.zone(RADIUS, 150.0)  # however much of the forearm is drawn
    assert build.zone(metacarpal, 50.0) > build.zone(phalanx, 50.0) > 0
