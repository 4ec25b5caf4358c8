import dataclasses

import numpy as np
import pytest

from boneage.regression.site_frame import fit_site_frame
from boneage.regression.sites import Site

SITE = Site("joint", "joint", ("joint",), (), ("tip",), (), ("joint", "tip"), 2.0, 0.5)
POSITIONS = {"joint": np.array([30.0, 10.0]), "tip": np.array([20.0, 10.0]), "left": np.array([30.0, 5.0])}


def test_the_axis_points_up_and_the_size_is_in_units_of_the_length():
    frame = fit_site_frame(SITE, POSITIONS, 40, False)
    # the region is 20 wide, its middle half a length of 10 distal of the joint
    assert np.allclose(
        frame.apply([[25.0, 10.0], [20.0, 10.0], [25.0, 15.0]]), [[19.5, 19.5], [9.5, 19.5], [19.5, 29.5]]
    )
    assert fit_site_frame(SITE, POSITIONS, 80, False).scale() == pytest.approx(2 * frame.scale())


def test_a_mirrored_hand_has_its_columns_reversed():
    mirrored = fit_site_frame(SITE, POSITIONS, 40, True)
    assert np.allclose(mirrored.apply([[25.0, 15.0]]), [[19.5, 9.5]])


def test_a_line_across_the_bone_sets_the_axis():
    site = dataclasses.replace(SITE, across=("left", "joint"), shift=0.0)
    slanted = {**POSITIONS, "tip": np.array([20.0, 16.0])}
    linear = fit_site_frame(site, slanted, 40, False).matrix[:2, :2]
    assert np.allclose(linear, np.diag(np.diag(linear)))


@pytest.mark.parametrize("tip", [[np.nan, np.nan], [30.0, 10.0]])
def test_landmarks_that_are_absent_or_coincide_give_no_frame(tip):
    assert fit_site_frame(SITE, {**POSITIONS, "tip": np.array(tip)}, 40, False) is None
