"""DICOM files by the way grey values are stored and shown: polarity, rescaling, windows, padding."""

import numpy as np
from pydicom.dataset import Dataset

from tests.imaging.files.dicom_writing import as_it_is, deep, full, make_dataset, negative, saved, signed
from tests.imaging.files.kinds import Kind

_WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
_NEGATIVE_SLOPE = {"RescaleSlope": -1, "RescaleIntercept": 4095, "RescaleType": "US"}
_RAMP16 = np.linspace(0, 65535, 4096).astype(np.uint16)
_RAMP8 = np.linspace(0, 255, 4096).astype(np.uint8)


def _high_bit(picture):
    """Twelve bits at the top of sixteen, an overlay in the lowest."""
    overlay = np.zeros(picture.shape, np.uint16)
    overlay[::7] = 1
    return deep(picture) << 4 | overlay


def _overlay_above(picture):
    overlay = np.zeros(picture.shape, np.uint16)
    overlay[::7] = 1 << 15
    return deep(picture) | overlay


def _lut(entries, first=0, bits=16, **fields):
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries) % 65536, first, bits])
    item.add_new(0x00283006, "OW", entries.tobytes())
    for name, value in fields.items():
        setattr(item, name, value)
    return [item]


def _padded(value):
    """Write a picture whose darkest tenth is filled with ``value``; it must become the darkest value again."""

    def make(picture):
        pixels = deep(picture) // 2 + 1000
        pixels[picture <= np.quantile(picture, 0.1)] = value
        return pixels

    return make


def _padded_negative(value):
    def make(picture):
        pixels = 4095 - (deep(picture) // 2 + 1000)
        pixels[picture <= np.quantile(picture, 0.1)] = value
        return pixels

    return make


def _padded_signed(picture):
    return np.where(picture <= np.quantile(picture, 0.1), -2000, signed(picture) // 2 + 1000).astype(np.int16)


def _comma_window(path, picture):
    make_dataset(deep(picture), WindowCenter="2048", WindowWidth="4096").save_as(path)
    path.write_bytes(path.read_bytes().replace(b"2048", b"20,5").replace(b"4096", b"40,5"))


def _raw_window(centre, width):
    """Write a window of texts that the writer would refuse."""

    def write(path, picture):
        make_dataset(deep(picture), WindowCenter="20480", WindowWidth="40960").save_as(path)
        texts = {b"20480 ": centre, b"40960 ": width}
        for number, text in texts.items():
            path.write_bytes(path.read_bytes().replace(number, text.encode().ljust(6)))

    return write


KINDS = [
    Kind("dicom 8 bit", saved(as_it_is)),
    Kind("dicom 12 bit", saved()),
    Kind("dicom 16 bit", saved(full, BitsStored=16, HighBit=15)),
    Kind("dicom signed", saved(signed)),
    Kind("dicom white is zero", saved(negative, photometric="MONOCHROME1")),
    Kind("dicom white is zero window", saved(negative, photometric="MONOCHROME1", **_WINDOW)),
    Kind("dicom window", saved(**_WINDOW)),
    Kind("dicom window exact", saved(VOILUTFunction="LINEAR_EXACT", **_WINDOW)),
    Kind("dicom window sigmoid", saved(VOILUTFunction="SIGMOID", **_WINDOW), 0.95),
    Kind("dicom two windows", saved(WindowCenter=[2048, 900], WindowWidth=[4096, 300])),
    Kind("dicom negative slope", saved(negative, **_NEGATIVE_SLOPE)),
    Kind("dicom negative slope window", saved(negative, **_NEGATIVE_SLOPE, **_WINDOW)),
    Kind("dicom negative slope white is zero", saved(RescaleSlope=-1, RescaleIntercept=0, RescaleType="US",
                                                     photometric="MONOCHROME1")),
    Kind("dicom negative slope signed window", saved(lambda p: -signed(p), RescaleSlope=-2, RescaleIntercept=0,
                                                     WindowCenter=0, WindowWidth=8192)),
    Kind("dicom slope of zero", saved(RescaleSlope=0, RescaleIntercept=5, RescaleType="US"), remark="RescaleSlope"),
    Kind("dicom high bit 15", saved(_high_bit, HighBit=15)),
    Kind("dicom overlay in a high bit", saved(_overlay_above)),
    Kind("dicom voi lut", saved(VOILUTSequence=_lut(_RAMP16))),
    Kind("dicom voi lut 8 bit", saved(VOILUTSequence=_lut(_RAMP8, bits=8))),
    Kind("dicom voi lut 8 bit in words", saved(VOILUTSequence=_lut(_RAMP8.astype(np.uint16), bits=8))),
    Kind("dicom modality lut 8 bit", saved(ModalityLUTSequence=_lut(_RAMP8, bits=8, ModalityLUTType="US"))),
    Kind("dicom modality lut", saved(ModalityLUTSequence=_lut(_RAMP16, ModalityLUTType="US"))),
    Kind("dicom voi lut signed", saved(signed, VOILUTSequence=_lut(_RAMP16, first=65536 - 2048))),
    Kind("dicom voi lut white is zero", saved(negative, photometric="MONOCHROME1", VOILUTSequence=_lut(_RAMP16))),
    Kind("dicom 32 bit", saved(lambda p: p.astype(np.uint32) * 16_000_000, bits=32)),
    Kind("dicom window without width", saved(WindowCenter=5)),
    Kind("dicom window of blanks", saved(WindowCenter="", WindowWidth="")),
    Kind("dicom window of negative width", saved(WindowCenter=2048, WindowWidth=-5), remark="window"),
    Kind("dicom padding signed", saved(_padded_signed, PixelPaddingValue=-2000)),
    *(
        Kind(f"dicom {name}", saved(**window), remark="window")
        for name, window in {
            "window of width 1": {"WindowCenter": 2048, "WindowWidth": 1},
            "window of width 0": {"WindowCenter": 2048, "WindowWidth": 0},
            "window beyond the picture": {"WindowCenter": 20000, "WindowWidth": 100},
            "window that hides the picture": {"WindowCenter": -3000, "WindowWidth": 1000},
        }.items()
    ),
    Kind("dicom window with a comma", _comma_window, remark="window"),
    *(
        Kind(f"dicom window of {centre} and {width}", _raw_window(centre, width), remark="window")
        for centre, width in (("nan", "4096"), ("inf", "1"), ("1e300", "4096"), ("abc", "def"), ("0", "0"))
    ),
    Kind("dicom padding negative slope window", saved(_padded_negative(0), PixelPaddingValue=0, **_NEGATIVE_SLOPE,
                                                      **_WINDOW)),
    Kind("dicom white is zero negative slope window", saved(photometric="MONOCHROME1", **_NEGATIVE_SLOPE, **_WINDOW)),
    Kind("dicom voi lut beside a window", saved(VOILUTSequence=_lut(_RAMP16), WindowCenter=100, WindowWidth=10)),
    Kind("dicom modality lut and window", saved(ModalityLUTSequence=_lut(_RAMP16, ModalityLUTType="US"),
                                                WindowCenter=32768, WindowWidth=65536)),
    Kind("dicom voi lut of 65536 entries", saved(full, BitsStored=16, HighBit=15,
                                                  VOILUTSequence=_lut(np.arange(65536).astype(np.uint16)))),
    Kind("dicom padding", saved(_padded(0), PixelPaddingValue=0)),
    Kind("dicom padding white", saved(_padded(4095), PixelPaddingValue=4095)),
    Kind("dicom padding range", saved(_padded(4000), PixelPaddingValue=3900, PixelPaddingRangeLimit=4095)),
    Kind("dicom padding of white is zero", saved(_padded_negative(0), PixelPaddingValue=0, photometric="MONOCHROME1")),
    Kind("dicom padding window", saved(_padded(4095), PixelPaddingValue=4095, **_WINDOW)),
    Kind("dicom presentation inverse of white is zero", saved(negative, photometric="MONOCHROME1",
                                                              PresentationLUTShape="INVERSE")),
    Kind("dicom presentation identity", saved(PresentationLUTShape="IDENTITY")),
    Kind("dicom presentation inverse of black is zero", saved(PresentationLUTShape="INVERSE"), remark="Presentation"),
    Kind("dicom presentation identity of white is zero", saved(negative, photometric="MONOCHROME1",
                                                               PresentationLUTShape="IDENTITY"), remark="Presentation"),
]  # fmt: skip
