from pathlib import Path

import numpy as np
import pytest

from boneage.imaging import UnreadableScan
from boneage.imaging.dicom.geometry import locate_slice, stack_slices

PATH = Path("series")
CORONAL = (1, 0, 0, 0, 0, -1)
OBLIQUE = (0.8, 0.6, 0, 0, 0, -1)


def make_stack(offsets, orientation=CORONAL, shift=(0, 0, 0), spacing=(0.5, 0.25)):
    """Slices at ``offsets`` mm along the normal from (-20, 5, 40), each moved by another ``shift`` mm."""
    normal = np.cross(orientation[:3], orientation[3:])
    places = [np.array([-20.0, 5, 40]) + offset * normal + k * np.array(shift) for k, offset in enumerate(offsets)]
    return [locate_slice(PATH, f"slice {k}", place, orientation, spacing) for k, place in enumerate(places)]


def test_a_slice_has_the_numbers_of_its_fields():
    located = locate_slice(PATH, "slice 1", ["1", "2", "3.5"], OBLIQUE, ["0.5", "0.25"])
    assert located.position.tolist() == [1, 2, 3.5]
    assert located.directions.tolist() == [[0.8, 0.6, 0], [0, 0, -1]]
    assert located.normal == pytest.approx([-0.6, 0.8, 0])
    assert located.spacing.tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("position", "orientation", "spacing", "reason"),
    [
        (None, CORONAL, (1, 1), r"slice 1 has no position \(ImagePositionPatient is missing or not valid\)"),
        ((1, 2), CORONAL, (1, 1), "ImagePositionPatient"),
        ((1, 2, float("nan")), CORONAL, (1, 1), "ImagePositionPatient"),
        ((1, 2, 3), "abcdef", (1, 1), "ImageOrientationPatient"),
        ((1, 2, 3), CORONAL, (1,), "PixelSpacing is missing"),
        ((1, 2, 3), CORONAL, (1, 0), "PixelSpacing must be positive, got 1 and 0"),
        ((1, 2, 3), (1, 0, 0, 0.1, 0, -1), (1, 1), "rows and columns are not perpendicular"),
        ((1, 2, 3), (2, 0, 0, 0, 0, -1), (1, 1), "rows and columns are not perpendicular"),
    ],
)
def test_fields_without_a_position_are_refused(position, orientation, spacing, reason):
    with pytest.raises(UnreadableScan, match=reason):
        locate_slice(PATH, "slice 1", position, orientation, spacing)


@pytest.mark.parametrize("orientation", [CORONAL, OBLIQUE])
def test_slices_sort_along_the_normal_and_map_to_the_patient(orientation):
    slices = make_stack([4, 0, 6, 2], orientation)
    order, to_patient = stack_slices(PATH, slices)
    assert order == [1, 3, 0, 2]
    for k, index in enumerate(order):
        assert to_patient.apply([[k, 0, 0]])[0] == pytest.approx(slices[index].position)
    along_column = to_patient.apply([[0, 1, 0]])[0] - to_patient.apply([[0, 0, 0]])[0]
    along_row = to_patient.apply([[0, 0, 1]])[0] - to_patient.apply([[0, 0, 0]])[0]
    assert along_column == pytest.approx(0.5 * np.array(orientation[3:]))
    assert along_row == pytest.approx(0.25 * np.array(orientation[:3]))


def test_gaps_may_differ_by_a_twentieth_and_not_by_more():
    _, to_patient = stack_slices(PATH, make_stack([0, 2, 4.09, 6]))
    assert np.linalg.norm(to_patient.matrix[:3, 0]) == pytest.approx(2)  # the mean gap
    with pytest.raises(UnreadableScan, match=r"unevenly spaced: 2\.11 mm between slice 1 and slice 2, 2 mm elsewhere"):
        stack_slices(PATH, make_stack([0, 2, 4.11, 6.11, 8.11, 10.11]))


def test_slices_may_be_shifted_by_half_a_pixel_in_all_and_not_by_more():
    stack_slices(PATH, make_stack([0, 2, 4, 6], shift=(0.04, 0, 0)))  # 0.12 mm of a pixel of 0.25 mm
    with pytest.raises(UnreadableScan, match="tilted gantry"):
        stack_slices(PATH, make_stack([0, 2, 4, 6], shift=(0.05, 0, 0)))
    stack_slices(PATH, make_stack([0, 2, 4, 6], shift=(0, 0, 0.08)))  # 0.24 mm of a pixel of 0.5 mm
    with pytest.raises(UnreadableScan, match="tilted gantry"):
        stack_slices(PATH, make_stack([0, 2, 4, 6], shift=(0, 0, 0.09)))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"offsets": [2], "orientation": OBLIQUE}, r"several directions \(slice 0 and slice 0\)"),
        ({"offsets": [2], "spacing": (0.5, 0.26)}, "several pixel spacings"),
        ({"offsets": [0]}, "two slices lie at the same place"),
    ],
)
def test_slices_that_do_not_fit_together_are_refused(other, reason):
    with pytest.raises(UnreadableScan, match=reason):
        stack_slices(PATH, make_stack([0]) + make_stack(**other))
