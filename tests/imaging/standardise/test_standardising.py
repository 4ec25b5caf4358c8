import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boneage.imaging import Scan
from boneage.imaging.phantoms import draw_phantom_volume
from boneage.imaging.standardise import standardise


def inside(standardised, positions):
    """Return which original positions lie in the standardised picture."""
    at = standardised.scan.frame_to_original().inverse().apply(positions)
    return ((at > -0.5) & (at < np.array(standardised.scan.pixels.shape) - 0.5)).all(axis=1)


@pytest.mark.parametrize("surround", [0.0, 255.0])
@pytest.mark.parametrize("rotation", [0.0, 0.1, 0.5, -0.6])
def test_the_field_is_cut_out_aslant_too_with_every_landmark_in_it(phantom, framed, surround, rotation):
    scan, move = framed(phantom, rotation, surround)
    result = standardise(scan)
    assert result.field.n_sides == 4
    assert result.field.confidence > 0.7
    assert inside(result, move(phantom.points.positions)).all()
    off = (result.field.rotation_rad - rotation + np.pi / 4) % (np.pi / 2) - np.pi / 4
    assert abs(off) < 0.02
    size, wanted = np.sort(result.scan.pixels.shape), np.sort(phantom.scan.pixels.shape)
    assert (np.abs(size / wanted - 1) < 0.06).all()
    assert result.scan.pixels.min() == 0.0
    assert result.scan.pixels.max() == 1.0
    corners = move([[0, 0], [0, 699], [899, 699], [899, 0]])
    distance = np.linalg.norm(result.field.corners[:, None] - corners[None], axis=2).min(axis=1)
    assert (distance < 0.03 * np.hypot(900, 700)).all()


def test_the_pixels_of_a_field_that_is_not_aslant_are_those_of_the_file(phantom, framed):
    scan, _ = framed(phantom)
    result = standardise(scan)
    to_file = result.scan.frame_to_original().matrix
    assert to_file[:2, :2].tolist() == [[1, 0], [0, 1]]
    row, column = to_file[:2, 2].astype(int)
    rows, columns = result.scan.pixels.shape
    part = scan.pixels[row : row + rows, column : column + columns]
    low, high = result.window.low, result.window.high
    np.testing.assert_allclose(result.scan.pixels, np.clip((part - low) / (high - low), 0, 1), atol=1e-5)


def test_an_aslant_field_shows_the_file_at_the_places_of_its_frame(phantom, framed):
    scan, move = framed(phantom, 0.3)
    result = standardise(scan)
    at = np.rint(result.scan.frame_to_original().inverse().apply(move(phantom.points.positions))).astype(int)
    there = np.rint(result.scan.frame_to_original().apply(at)).astype(int)
    window = result.window
    wanted = np.clip((scan.pixels[there[:, 0], there[:, 1]] - window.low) / (window.high - window.low), 0, 1)
    assert np.median(np.abs(result.scan.pixels[at[:, 0], at[:, 1]] - wanted)) < 0.03


def test_inverting_the_picture_flips_the_polarity_and_changes_nothing_else(phantom, framed):
    scan, _ = framed(phantom, 0.2)
    inverted = dataclasses.replace(scan, pixels=300 - scan.pixels)
    here, there = standardise(scan), standardise(inverted)
    assert (here.polarity.inverted, there.polarity.inverted) == (False, True)
    assert there.polarity.confidence == pytest.approx(here.polarity.confidence, abs=1e-3)
    assert there.window.low == pytest.approx(300 - here.window.low, abs=0.5)
    np.testing.assert_allclose(there.field.corners, here.field.corners)
    assert np.abs(there.scan.pixels - here.scan.pixels).mean() < 0.01


@pytest.mark.parametrize(("turns", "wanted"), [(0, 0.0), (1, np.pi / 2), (2, np.pi), (3, -np.pi / 2)])
def test_the_fingers_are_pointed_up(spread, turns, wanted):
    scan = Scan(np.rot90(spread.scan.pixels, turns))
    upright = standardise(scan).upright
    straight = standardise(dataclasses.replace(spread.scan, laterality=None)).upright
    assert abs((upright.rotation_rad - straight.rotation_rad - wanted + np.pi) % (2 * np.pi) - np.pi) < 0.15
    assert upright.laterality == straight.laterality == "L"
    assert abs(straight.rotation_rad) < 0.2


def test_the_side_is_the_files_else_that_of_the_thumb(spread):
    hand = spread.scan
    stated = standardise(dataclasses.replace(hand, laterality="R")).upright
    assert (stated.laterality, stated.laterality_confidence) == ("R", 1.0)
    assert standardise(dataclasses.replace(hand, laterality=None)).upright.laterality == "L"
    mirrored = Scan(hand.pixels[:, ::-1])
    assert standardise(mirrored).upright.laterality == "R"


def test_what_the_file_tells_is_kept_and_the_argument_is_unchanged(phantom, framed):
    scan, _ = framed(phantom, 0.3)
    scan = dataclasses.replace(
        scan, spacing=(0.2, 0.2), spacing_unit="mm", sex="F", laterality="R", age_months=100.0, source="7"
    )
    before = scan.pixels.copy()
    result = standardise(scan).scan
    assert (result.spacing, result.spacing_unit, result.sex, result.laterality) == (scan.spacing, "mm", "F", "R")
    assert (result.age_months, result.source, result.original_shape) == (100.0, "7", scan.original_shape)
    assert result.original_spacing_mm == pytest.approx((0.2, 0.2))
    np.testing.assert_array_equal(scan.pixels, before)


def test_a_squashed_copy_has_its_true_angles_and_leads_to_the_originals_pixels(phantom, framed):
    scan, move = framed(phantom, 0.4)
    shape = (scan.pixels.shape[0] // 3, scan.pixels.shape[1] // 2)
    small = cv2.resize(scan.pixels, shape[::-1], interpolation=cv2.INTER_AREA)
    copy = Scan(small).as_resized_copy_of(scan.pixels.shape)
    result = standardise(copy)
    assert result.field.rotation_rad == pytest.approx(standardise(scan).field.rotation_rad, abs=0.02)
    assert result.scan.spacing == copy.spacing
    assert inside(result, move(phantom.points.positions)).all()
    at = np.rint(result.scan.frame_to_original().inverse().apply(move(phantom.points.positions))).astype(int)
    place = result.scan.frame_to_original().apply(at)
    there = np.rint(copy.frame_to_original().inverse().apply(place)).astype(int)
    window = result.window
    wanted = np.clip((small[there[:, 0], there[:, 1]] - window.low) / (window.high - window.low), 0, 1)
    assert np.median(np.abs(result.scan.pixels[at[:, 0], at[:, 1]] - wanted)) < 0.05


def test_the_mask_covers_the_landmarks(phantom, framed):
    scan, move = framed(phantom, 0.25, 255.0)
    mask = standardise(scan).mask
    at = np.rint(mask.frame.apply(move(phantom.points.positions))).astype(int)
    assert mask.mask[at[:, 0], at[:, 1]].mean() > 0.9
    assert mask.quality > 0.9
    assert mask.n_hands == 1


@pytest.mark.parametrize("factor", [1.0, 16.0, 257.0])
def test_the_range_of_grey_values_does_not_matter(phantom, factor):
    scan = dataclasses.replace(phantom.scan, pixels=phantom.scan.pixels * factor)
    np.testing.assert_allclose(standardise(scan).scan.pixels, standardise(phantom.scan).scan.pixels, atol=0.01)


def test_phantoms_come_through_whole(phantom):
    result = standardise(phantom.scan)
    assert inside(result, phantom.points.positions).all()
    assert result.findings == ()
    assert not result.polarity.inverted
    assert result.scan.phantom


def test_a_volume_is_returned_as_it_is():
    scan = draw_phantom_volume(np.random.default_rng(0), sex="F", age_months=120.0, spacing_mm=(3.0, 3.0, 3.0)).scan
    result = standardise(scan)
    assert result.scan is scan
    assert result.findings == ()


@settings(max_examples=40)
@given(
    rows=st.integers(1, 60), columns=st.integers(1, 60), kind=st.sampled_from(["constant", "noise", "step", "ramp"]),
    spacing=st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)),
)  # fmt: skip
def test_any_picture_has_a_result_in_which_every_confidence_is_between_0_and_1(rows, columns, kind, spacing):
    row, column = np.mgrid[:rows, :columns]
    pixels = {
        "constant": np.full((rows, columns), 7.0),
        "noise": np.random.default_rng(rows).normal(0, 1e4, (rows, columns)),
        "step": 255.0 * (column > columns // 2),
        "ramp": row + 2.0 * column,
    }[kind]
    result = standardise(Scan(pixels, spacing=spacing))
    for part in (result.field, result.polarity, result.window, result.upright):
        assert 0 <= part.confidence <= 1
    assert 0 <= result.mask.quality <= 1
    assert (result.scan.pixels >= 0).all()
    assert (result.scan.pixels <= 1).all()
    assert result.scan.spacing == pytest.approx(spacing)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (2, 2), (1, 4000), (4000, 1)])
@pytest.mark.parametrize("noisy", [False, True])
def test_tiny_and_long_pictures_have_a_result(shape, noisy):
    pixels = np.random.default_rng(0).uniform(0, 255, shape) if noisy else np.zeros(shape)
    result = standardise(Scan(pixels))
    assert result.mask.n_hands == 0
    assert "no hand" in {finding.kind for finding in result.findings}


def test_the_same_picture_has_the_same_result(phantom, framed):
    scan, _ = framed(phantom, 0.3)
    first, second = standardise(scan), standardise(scan)
    np.testing.assert_array_equal(first.scan.pixels, second.scan.pixels)
    assert (first.polarity, first.window, first.upright, first.findings) == (
        second.polarity, second.window, second.upright, second.findings,
    )  # fmt: skip


def test_a_known_polarity_is_not_judged(phantom):
    for inverted in (False, True):
        result = standardise(phantom.scan, inverted=inverted)
        assert (result.polarity.inverted, result.polarity.confidence) == (inverted, 1.0)
        assert (result.window.low > result.window.high) == inverted
