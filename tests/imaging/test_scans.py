import numpy as np
import pytest

from boneage.imaging import Frame, Scan


def test_pixels_are_a_read_only_copy():
    pixels = np.zeros((20, 30))
    scan = Scan(pixels)
    pixels[0, 0] = 7
    assert scan.pixels[0, 0] == 0
    assert scan.pixels.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        scan.pixels[0, 0] = 1


def test_a_squashed_copy_keeps_true_proportions_through_its_spacing():
    scan = Scan(np.zeros((100, 100))).as_resized_copy_of((2000, 1500))
    assert scan.spacing == (20.0, 15.0)
    assert scan.original_shape == (2000, 1500)
    corner = scan.frame_to_original().apply([[99.5, 99.5]])
    assert np.allclose(corner, [[1999.5, 1499.5]])


def test_a_volume_is_a_scan_too():
    scan = Scan(np.zeros((4, 5, 6)), spacing=(2, 1, 1), spacing_unit="mm", modality="mri")
    assert scan.ndim == 3
    assert scan.spacing_array.tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"pixels": np.zeros(5)}, "2D or 3D"),
        ({"pixels": np.zeros((0, 5))}, "not empty"),
        ({"pixels": np.full((5, 5), np.nan)}, "finite"),
        ({"spacing": (0, 1)}, "2 positive numbers"),
        ({"spacing": (1,)}, "2 positive numbers"),
        ({"spacing_unit": "inch"}, "spacing_unit"),
        ({"laterality": "left"}, "laterality"),
        ({"sex": "female"}, "sex"),
        ({"age_months": -1}, "age_months"),
        ({"original_shape": (5,)}, "original_shape"),
        ({"to_original": Frame.identity(3)}, "to_original must have 2 axes, got 3"),
        ({"to_patient": Frame.identity(3)}, "to_patient must have 2 axes, got 3"),
    ],
)
def test_refuses_fields_that_make_no_sense(fields, reason):
    with pytest.raises(ValueError, match=reason):
        Scan(**{"pixels": np.zeros((5, 5)), **fields})


def test_true_proportions_follow_the_spacing():
    scan = Scan(np.zeros((10, 20)), spacing=(0.5, 2.0))
    assert scan.true_size.tolist() == [5, 40]
    assert scan.frame_to_true().apply([[4.0, 3.0]]).tolist() == [[2, 6]]


def test_the_spacing_of_the_original_is_told_in_millimetres_or_not_at_all():
    scan = Scan(np.zeros((40, 30)), spacing=(0.5, 0.25), spacing_unit="mm")
    assert scan.original_spacing_mm == (0.5, 0.25)
    assert scan.as_resized_copy_of((80, 90)).original_spacing_mm == (0.5, 0.25)
    assert Scan(np.zeros((40, 30))).original_spacing_mm is None


def test_a_reordered_volume_leads_back_to_its_original():
    """Rows of the volume run against the planes of the file, columns along its rows, planes along its columns."""
    back = Frame([[0, -1, 0, 4], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    scan = Scan(
        np.zeros((4, 5, 6)), spacing=(3, 1, 2), spacing_unit="mm", original_shape=(5, 6, 4), to_original=back
    )  # fmt: skip
    assert scan.frame_to_original().apply([[0.0, 0.0, 0.0]]).tolist() == [[4, 0, 0]]
    assert scan.frame_from_original_to_true().apply([[4.0, 2.0, 1.0]]).tolist() == [[3, 0, 4]]
    assert scan.original_spacing_mm == (1, 2, 3)
    assert scan.true_size.tolist() == [12, 5, 12]


def test_pixels_are_copied_unless_nobody_can_change_them():
    pixels = np.eye(4, dtype=np.float32)
    scan = Scan(pixels)
    pixels[0, 0] = 7
    assert scan.pixels[0, 0] == 1
    assert Scan(scan.pixels).pixels is scan.pixels
    view = pixels[:]
    view.flags.writeable = False
    assert not np.shares_memory(Scan(view).pixels, pixels)
