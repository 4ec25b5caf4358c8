import datetime
import pickle

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.imaging.scan_cache import ScanCache


def make_scan(pixels, **fields):
    return Scan(np.asarray(pixels, np.float32), **fields)


@pytest.mark.parametrize(
    ("pixels", "bytes_each"),
    [
        ([[0.0, 255.0]], 1),
        ([[0.0, 256.0], [65535.0, 3.0]], 2),
        ([[0.0, 65536.0]], 4),
        ([[0.5, 1.0]], 4),
        ([[-1.0, 1.0]], 4),
        ([[-0.0, 1.0]], 4),
        ([[[7.0]], [[9.0]]], 1),
    ],
)
def test_a_scan_is_the_same_to_the_bit_in_as_few_bytes_as_its_values_need(pixels, bytes_each):
    scan, cache = make_scan(pixels), ScanCache()
    cache.put("a", scan)
    back = cache.get("a")
    assert back.pixels.tobytes() == scan.pixels.tobytes()
    assert back.pixels.dtype == np.float32
    assert back.pixels.shape == scan.pixels.shape
    assert cache.n_bytes == bytes_each * scan.pixels.size


def test_all_other_fields_are_the_same():
    scan = make_scan(
        [[1.0, 2.0]], spacing=(0.5, 0.2), spacing_unit="mm", laterality="L", sex="F", age_months=90.0, source="7",
        study_date=datetime.date(2020, 1, 2), original_shape=(2, 4), phantom=True, to_patient=Frame.identity(2),
    )  # fmt: skip
    cache = ScanCache()
    cache.put("a", scan)
    back = cache.get("a")
    for name in ("spacing", "spacing_unit", "laterality", "sex", "age_months", "source", "study_date"):
        assert getattr(back, name) == getattr(scan, name)
    assert (back.original_shape, back.phantom, back.to_patient) == ((2, 4), True, scan.to_patient)


def test_memory_is_bounded_and_the_first_scans_of_a_pass_stay():
    cache = ScanCache(limit=30)
    for k in range(5):
        cache.put(str(k), make_scan(np.full((2, 5), k)))
        assert cache.n_bytes <= 30
    assert [cache.get(str(k)) is not None for k in range(5)] == [True, True, False, False, True]
    cache.put("large", make_scan(np.ones((10, 10))))
    assert cache.get("large") is not None, "a single scan may be larger than the limit"
    assert len(cache) == 1


def test_an_unknown_id_is_none():
    assert ScanCache().get("a") is None


def test_another_process_receives_an_empty_cache_of_the_same_limit():
    cache = ScanCache(limit=30)
    cache.put("a", make_scan([[1.0, 2.0]]))
    sent = pickle.loads(pickle.dumps(cache))
    assert (len(sent), sent.limit) == (0, 30)
    sent.put("b", make_scan([[3.0, 4.0]]))
    assert sent.get("b") is not None
    assert len(cache) == 1
