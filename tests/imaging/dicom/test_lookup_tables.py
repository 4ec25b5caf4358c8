import numpy as np
import pytest
from pydicom.dataset import Dataset

from boneage.imaging.dicom.lookup_tables import apply_lookup_table, apply_window


def table(entries, first=0, bits=16):
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), first, bits])
    item.add_new(0x00283006, "OW", entries.tobytes())
    return item


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_entries_of_either_width_are_looked_up_from_the_first_mapped_value(kind):
    item = table(np.array([10, 20, 30, 40], dtype=kind), first=100, bits=8)
    values = np.array([[0, 100, 101, 103, 200, np.nan]], dtype=np.float32)
    assert apply_lookup_table(values, item)[0, :5].tolist() == [10, 10, 20, 40, 40]
    assert np.isnan(apply_lookup_table(values, item)[0, 5])


def test_a_table_that_is_cut_short_is_refused():
    item = table(np.array([10, 20], dtype=np.uint16))
    item.LUTDescriptor = [400, 0, 16]
    with pytest.raises(ValueError, match="400 entries and has 4 bytes"):
        apply_lookup_table(np.zeros((2, 2)), item)


def test_windows_are_those_of_the_standard():
    ramp = np.arange(4096, dtype=np.float32).reshape(64, 64)
    linear = apply_window(ramp, 2048, 4096, "LINEAR", bright_below=False)
    assert (linear.min(), linear.max()) == (0, 1)
    exact = apply_window(ramp, 2048, 4096, "LINEAR_EXACT", bright_below=False)
    assert exact[32, 0] == pytest.approx(0.5)
    sigmoid = apply_window(ramp, 2048, 1024, "SIGMOID", bright_below=False)
    assert sigmoid[40, 0] == pytest.approx(1 / (1 + np.exp(-4 * (2560 - 2048) / 1024)))


@pytest.mark.parametrize(
    ("centre", "width"), [(2048, 1), (2048, 0), (2048, -7), (9000, 100), (-9000, 100), (2048, np.nan), (400, 700)]
)
def test_a_window_that_hides_the_picture_is_none(centre, width):
    ramp = np.arange(4096, dtype=np.float32).reshape(64, 64)
    assert apply_window(ramp, centre, width, "LINEAR", bright_below=False) is None


def test_what_is_white_depends_on_the_polarity():
    ramp = np.arange(4096, dtype=np.float32).reshape(64, 64)
    assert apply_window(ramp, 400, 700, "LINEAR", bright_below=True) is not None
