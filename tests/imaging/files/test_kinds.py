"""Every kind of file is read as the picture it was made from, or refused with a reason that tells what to do."""

import contextlib
import re
import warnings

import numpy as np
import pytest

from boneage.imaging import UnreadableScan, read_scan
from boneage.imaging.phantoms import draw_phantom_hand
from tests.imaging.files import (
    dicom_grey_kinds,
    dicom_header_kinds,
    dicom_syntax_kinds,
    misstated_kinds,
    picture_kinds,
    signed_kinds,
    surround_kinds,
    tiff_kinds,
    truncated_kinds,
    turned_tiff_kinds,
)
from tests.imaging.files.kinds import correlate

MODULES = (
    picture_kinds, tiff_kinds, turned_tiff_kinds, dicom_syntax_kinds, dicom_grey_kinds, dicom_header_kinds,
    misstated_kinds, signed_kinds, surround_kinds, truncated_kinds,
)  # fmt: skip
KINDS = [kind for module in MODULES for kind in module.KINDS]


@pytest.fixture(scope="module")
def picture():
    """A synthetic hand of 900 x 700 pixels of 8 bits, bright bones on dark."""
    return draw_phantom_hand(np.random.default_rng(3), sex="F", age_months=120.0).scan.pixels.astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_kind(tmp_path, picture, kind):
    path = tmp_path / kind.name.replace(" ", "_")
    kind.write(path, picture)
    if kind.refused:
        with pytest.raises(UnreadableScan) as caught:
            read_scan(path)
        assert caught.value.path == path
        assert re.search(kind.refused, caught.value.reason), caught.value.reason
        return
    scan = read_scan(path)
    expected = kind.shown(picture) if scan.pixels.shape == picture.shape else picture[::2]
    assert correlate(scan.pixels, expected) >= kind.r
    assert scan.spacing[0] / scan.spacing[1] == pytest.approx(kind.aspect)
    assert (scan.spacing if scan.spacing_unit == "mm" else None) == kind.spacing_mm
    remarks = "; ".join(scan.remarks)
    assert re.search(kind.remark, remarks) if kind.remark else not remarks, remarks


SMALL = [kind for kind in KINDS if not kind.refused and kind.name != "dicom folder"]


@pytest.mark.parametrize("kind", SMALL[::3], ids=[kind.name for kind in SMALL[::3]])
def test_a_damaged_file_is_read_or_refused(tmp_path, picture, kind):
    """A few bytes of the header are changed, at places that depend on the kind alone."""
    path = tmp_path / "damaged"
    kind.write(path, picture[::8, ::8])
    whole, rng = path.read_bytes(), np.random.default_rng(len(kind.name))
    for _ in range(6):
        data = np.frombuffer(whole, np.uint8).copy()
        places = rng.integers(0, min(len(data), 700), rng.integers(1, 6))
        data[places] = rng.choice([0, 1, 127, 255], len(places))
        path.write_bytes(data.tobytes())
        with warnings.catch_warnings(), contextlib.suppress(UnreadableScan):
            warnings.simplefilter("ignore")
            read_scan(path)
