"""DICOM files whose padding around the exposed field is not stated: far above or below all other values."""

import numpy as np

from tests.imaging.files.dicom_writing import saved
from tests.imaging.files.kinds import Kind

_FIELDS = {  # what is exposed, of rows and columns from -1 to 1
    "round": lambda row, column: np.hypot(row, column) < 1.1,
    "a turned square": lambda row, column: np.abs(row) + np.abs(column) < 1.5,
    "between two sides": lambda row, column: np.abs(column) < 0.9,
    "all but a corner": lambda row, column: (row < 0.8) & (column < 0.8),
}


def _exposed(field, picture):
    return _FIELDS[field](*np.meshgrid(*(np.linspace(-1, 1, n) for n in picture.shape), indexing="ij"))


def _low(picture):
    """Return the picture as values up to 2750, far below the highest of 12 bits."""
    return picture.astype(np.int32) * 10 + 200


def _low_negative(picture):
    return 4095 - _low(picture)


def _high(picture):
    return _low(picture) + 30000


def _make(field, make, value, kind):
    return lambda picture: np.where(_exposed(field, picture), make(picture), value).astype(kind)


def _shown(field):
    return lambda picture: np.where(_exposed(field, picture), picture, picture[_exposed(field, picture)].min())


_WHITE = "around the picture.*taken as padding"
_PADDING = {  # the values, the padding's, their type, whether it is shown white, further fields
    "4095": (_low, 4095, np.uint16, True, {}),
    "65535": (_low, 65535, np.uint16, True, {"BitsStored": 16, "HighBit": 15}),
    "65535 beside a window": (_low, 65535, np.uint16, True, {"BitsStored": 16, "HighBit": 15, "WindowCenter": 1500,
                                                              "WindowWidth": 3000}),
    "32767 of signed values": (_low, 32767, np.int16, True, {"BitsStored": 16, "HighBit": 15}),
    "-2000": (_low, -2000, np.int16, False, {"BitsStored": 16, "HighBit": 15}),
    "0 far below": (_high, 0, np.uint16, False, {"BitsStored": 16, "HighBit": 15}),
    "0 of white is zero": (_low_negative, 0, np.uint16, True, {"photometric": "MONOCHROME1"}),
    "65535 of white is zero": (_low_negative, 65535, np.uint16, False, {"photometric": "MONOCHROME1",
                                                                        "BitsStored": 16, "HighBit": 15}),
    "0 of a negative slope": (_low_negative, 0, np.uint16, True, {"RescaleSlope": -1, "RescaleIntercept": 4095,
                                                                  "RescaleType": "US"}),
}  # fmt: skip

KINDS = [
    Kind(
        f"dicom field {field}, padding {name}",
        saved(_make(field, make, value, kind), **fields),
        remark=_WHITE if white else "",
        shown=_shown(field),
    )
    for field in _FIELDS
    for name, (make, value, kind, white, fields) in _PADDING.items()
]
