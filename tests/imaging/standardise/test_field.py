import dataclasses

import numpy as np
import pytest

from boneage.imaging.standardise import FieldSettings
from boneage.imaging.standardise.field import find_exposed_field
from boneage.imaging.standardise.grids import make_working_copy


def find(scan, **changes):
    return find_exposed_field(make_working_copy(scan, 300)[0], dataclasses.replace(FieldSettings(), **changes))


def test_a_hand_without_a_surround_keeps_the_whole_picture(phantom):
    field = find(phantom.scan)
    assert field.n_sides == 0
    assert field.corners.tolist() == [[-0.5, -0.5], [-0.5, 232.5], [299.5, 232.5], [299.5, -0.5]]
    assert field.confidence == FieldSettings().confidence_without_sides


def test_letters_in_the_surround_do_not_matter(phantom, framed):
    scan, _ = framed(phantom, 0.3)
    marked = scan.pixels.copy()
    marked[30:120, 40:70] = marked[90:120, 40:130] = 300
    lettered = find(dataclasses.replace(scan, pixels=marked))
    assert lettered.n_sides == 4
    np.testing.assert_allclose(lettered.corners, find(scan).corners, atol=1.0)


def test_a_forearm_that_goes_on_outside_forbids_the_cut(phantom, framed):
    scan, _ = framed(phantom)
    pixels = scan.pixels.copy()
    last = np.flatnonzero(pixels.max(axis=1) > 0)[-1]
    pixels[last + 1 :] = pixels[last] - 20
    field = find(dataclasses.replace(scan, pixels=pixels))
    assert field.corners[2, 0] == pytest.approx(299.5, abs=1)


def test_a_field_with_a_rim_is_cut_at_the_rims_inside(phantom, framed):
    scan, _ = framed(phantom)
    rows, columns = (np.flatnonzero(scan.pixels.max(axis=axis) > 0)[[0, -1]] for axis in (1, 0))
    pixels = scan.pixels.copy()
    pixels[rows[0] : rows[0] + 25, columns[0] : columns[1]] = 280
    field = find(dataclasses.replace(scan, pixels=pixels))
    assert field.corners[0, 0] >= (rows[0] + 25) * 300 / pixels.shape[0] - 1


def test_a_field_smaller_than_the_settings_allow_is_not_cut(phantom, framed):
    scan, _ = framed(phantom, pad=0.6)
    assert find(scan).n_sides == 4
    assert find(scan, min_size=0.9).n_sides == 0


def test_random_dots_have_no_field():
    picture = np.random.default_rng(0).normal(size=(200, 300)).astype(np.float32)
    assert find_exposed_field(picture, FieldSettings()).n_sides == 0
