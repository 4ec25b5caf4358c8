"""DICOM files that state the wrong sign of their values, or the wrong layout."""

import imagecodecs
import numpy as np
from pydicom.uid import RLELossless

from tests.imaging.files.dicom_writing import (
    as_it_is,
    colour,
    deep,
    encoded,
    full,
    jpeg_syntax,
    make_dataset,
    saved,
    signed,
    ybr,
)
from tests.imaging.files.kinds import Kind

_UNSIGNED, _SIGNED = "values are unsigned, not as", "values are signed, not as"


def _j2k(bits):
    return lambda pixels: imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", level=0, bitspersample=bits)


def _ls(bits):
    return imagecodecs.jpegls_encode


def _lossless(bits):
    return lambda pixels: imagecodecs.jpeg_encode(np.ascontiguousarray(pixels), bitspersample=bits, lossless=True)


_SYNTAXES = {"jpeg 2000": (90, _j2k), "htj2k": (201, _j2k), "jpeg-ls": (80, _ls), "jpeg lossless": (70, _lossless)}
_DEPTHS = {8: as_it_is, 12: deep, 16: full}


def _encoded(name, make, bits, is_signed):
    number, encoder = _SYNTAXES[name]
    return encoded(jpeg_syntax(number), encoder(bits), make, bits, PixelRepresentation=is_signed)


def _run_lengths(path, picture):
    data = make_dataset(deep(picture))
    data.compress(RLELossless)
    data.PixelRepresentation = 1
    data.save_as(path)


def _planes(make, by_plane, stated, photometric="RGB"):
    """Write colours by plane or by pixel, stated as either."""

    def write(path, picture):
        data = make_dataset(make(picture), bits=8, photometric=photometric, PlanarConfiguration=stated)
        if by_plane:
            data.PixelData = np.moveaxis(make(picture), -1, 0).tobytes()
        data.save_as(path)

    return write


def _swapped(path, picture):
    make_dataset(deep(picture), Rows=picture.shape[1], Columns=picture.shape[0]).save_as(path)


KINDS = [
    *(
        Kind(f"dicom {name} of {bits} unsigned bits, stated as signed", _encoded(name, _DEPTHS[bits], bits, 1),
             remark=_UNSIGNED)
        for name in _SYNTAXES for bits in _DEPTHS if (name, bits) != ("jpeg-ls", 12)  # its encoder takes 16 bits
    ),
    *(
        Kind(f"dicom of {bits} unsigned bits, stated as signed", saved(make, BitsStored=bits, HighBit=bits - 1,
                                                                      PixelRepresentation=1), remark=_UNSIGNED)
        for bits, make in _DEPTHS.items()
    ),
    *(
        Kind(f"dicom of {bits} signed bits, stated as unsigned", saved(signed, BitsStored=bits, HighBit=bits - 1,
                                                                      PixelRepresentation=0), remark=_SIGNED)
        for bits in (12, 16)
    ),
    Kind("dicom jpeg-ls of 16 bits, values of 12, stated as signed", _encoded("jpeg-ls", deep, 12, 1)),
    Kind("dicom jpeg 2000 of 16 bits, values of 12, stated as signed", _encoded("jpeg 2000", deep, 16, 1)),
    Kind("dicom jpeg 2000 of two's complements", _encoded("jpeg 2000", lambda p: signed(p).view(np.uint16), 16, 1)),
    Kind("dicom htj2k signed, stated as unsigned", encoded(jpeg_syntax(201), _j2k(16), signed, 16,
                                                          PixelRepresentation=0), remark=_SIGNED),
    Kind("dicom rle stated as signed", _run_lengths, remark=_UNSIGNED),
    *(
        Kind(f"dicom rgb by {'plane' if by_plane else 'pixel'}, stated as {stated}", _planes(colour, by_plane, stated),
             remark="" if by_plane == stated else "PlanarConfiguration")
        for by_plane in (0, 1) for stated in (0, 1)
    ),
    *(Kind(f"dicom ybr by plane {k}", _planes(ybr, k, k, "YBR_FULL")) for k in (0, 1)),
    Kind("dicom of swapped rows and columns", _swapped, remark="Rows and Columns are swapped"),
]  # fmt: skip
