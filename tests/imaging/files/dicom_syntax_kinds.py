"""DICOM files by the way their pixels are encoded."""

from functools import partial

import imagecodecs
import numpy as np
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ImplicitVRLittleEndian,
)

from tests.imaging.files.dicom_writing import (
    as_it_is,
    colour,
    deep,
    encoded,
    full,
    jpeg_syntax,
    make_dataset,
    negative,
    pillow_jpeg,
    saved,
    signed,
)
from tests.imaging.files.kinds import Kind


def _run_lengths(make, **fields):
    def write(path, picture):
        data = make_dataset(make(picture), **fields)
        data.compress("1.2.840.10008.1.2.5")
        data.save_as(path)

    return write


def _jpeg12(pixels):
    return imagecodecs.jpeg_encode(pixels, bitspersample=12)


def _lossless(pixels, predictor=1):
    return imagecodecs.jpeg_encode(pixels, bitspersample=16, lossless=True, predictor=predictor)


def _in_fragments(path, picture):
    data = make_dataset(full(picture), bits=16, syntax=jpeg_syntax(70))
    data.PixelData = encapsulate([_lossless(full(picture))], fragments_per_frame=4, has_bot=False)
    data["PixelData"].is_undefined_length, data["PixelData"].VR = True, "OB"
    data.save_as(path)


def _j2k(pixels):
    return imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", level=0)


def _j2k_lossy(pixels):
    return imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", level=60)


def _jp2(pixels):
    return imagecodecs.jpeg2k_encode(pixels, codecformat="JP2", level=0)


def _jpeg_rgb(pixels):
    return imagecodecs.jpeg_encode(pixels, level=95, colorspace="RGB", outcolorspace="RGB")


def _lossless_rgb(pixels):
    return imagecodecs.jpeg_encode(pixels, lossless=True, predictor=1, colorspace="RGB", outcolorspace="RGB")


def _htj2k(pixels):
    return imagecodecs.htj2k_encode(pixels)


def _ls(pixels):
    return imagecodecs.jpegls_encode(pixels)


def _ls_near(pixels):
    return imagecodecs.jpegls_encode(pixels, level=2)


KINDS = [
    Kind("dicom implicit", saved(syntax=ImplicitVRLittleEndian)),
    Kind("dicom deflated", saved(syntax="1.2.840.10008.1.2.1.99")),
    Kind("dicom rle", _run_lengths(deep)),
    Kind("dicom rle 8 bit", _run_lengths(as_it_is, bits=8)),
    Kind("dicom rle signed", _run_lengths(signed)),
    Kind("dicom rle rgb", _run_lengths(colour, bits=8, photometric="RGB")),
    Kind("dicom jpeg baseline rgb", encoded(jpeg_syntax(50), _jpeg_rgb, colour, 8, photometric="RGB"), 0.99),
    Kind("dicom jpeg lossless rgb", encoded(jpeg_syntax(70), _lossless_rgb, colour, 8, photometric="RGB")),
    Kind("dicom jpeg 2000 white is zero", encoded(jpeg_syntax(90), _j2k, negative, photometric="MONOCHROME1")),
    Kind("dicom jpeg 2000 signed", encoded(jpeg_syntax(90), _j2k, signed)),
    Kind("dicom jpeg 2000 in a box", encoded(jpeg_syntax(90), _jp2)),
    Kind("dicom jpeg-ls white is zero window", encoded(jpeg_syntax(80), _ls, negative, photometric="MONOCHROME1",
                                                         WindowCenter=2048, WindowWidth=4096)),
    Kind("dicom jpeg baseline", encoded(jpeg_syntax(50), pillow_jpeg, as_it_is, 8), 0.99),
    Kind("dicom jpeg 12 bit", encoded(jpeg_syntax(51), _jpeg12), 0.99),
    Kind("dicom jpeg 8 bit extended", encoded(jpeg_syntax(51), pillow_jpeg, as_it_is, 8), 0.99),
    Kind("dicom jpeg lossless 57", encoded(jpeg_syntax(57), _lossless, full, 16)),
    Kind("dicom jpeg lossless 70", encoded(jpeg_syntax(70), _lossless, full, 16)),
    Kind("dicom jpeg lossless 70 8 bit", encoded(jpeg_syntax(70), imagecodecs.ljpeg_encode, as_it_is, 8)),
    Kind("dicom jpeg lossless 70 of 12 bits", encoded(jpeg_syntax(70), imagecodecs.ljpeg_encode)),
    Kind("dicom jpeg-ls", encoded(jpeg_syntax(80), _ls)),
    Kind("dicom jpeg-ls 8 bit", encoded(jpeg_syntax(80), _ls, as_it_is, 8)),
    Kind("dicom jpeg-ls near lossless", encoded(jpeg_syntax(81), _ls_near)),
    Kind("dicom jpeg 2000 lossless", encoded(jpeg_syntax(90), _j2k)),
    Kind("dicom jpeg 2000", encoded(jpeg_syntax(91), _j2k_lossy), 0.99),
    Kind("dicom htj2k lossless", encoded(jpeg_syntax(201), _htj2k)),
    Kind("dicom htj2k rpcl", encoded(jpeg_syntax(202), _htj2k)),
    Kind("dicom htj2k", encoded(jpeg_syntax(203), _htj2k)),
    Kind("dicom jpeg lossless white is zero", encoded(jpeg_syntax(70), _lossless, lambda p: 65535 - full(p), 16,
                                                       photometric="MONOCHROME1")),
    *(
        Kind(f"dicom jpeg lossless predictor {k}", encoded(jpeg_syntax(57), partial(_lossless, predictor=k), full, 16))
        for k in range(2, 8)
    ),
    Kind("dicom jpeg lossless in fragments", _in_fragments),
    Kind("dicom signed jpeg lossless", encoded(jpeg_syntax(70), lambda p: _lossless(p.view(np.uint16)), signed)),
    Kind("dicom signed jpeg-ls", encoded(jpeg_syntax(80), lambda p: _ls(p.view(np.uint16)), signed)),
    Kind("dicom signed htj2k", encoded(jpeg_syntax(201), _j2k, signed)),
    Kind("dicom rgb htj2k", encoded(jpeg_syntax(201), _htj2k, colour, 8, photometric="YBR_RCT")),
    Kind("dicom rgb jpeg-ls", encoded(jpeg_syntax(80), _ls, colour, 8, photometric="RGB")),
    Kind("dicom mpeg", encoded(jpeg_syntax(102), pillow_jpeg, as_it_is, 8), refused="MPEG.*save it"),
    Kind("dicom ybr jpeg", encoded(jpeg_syntax(50), pillow_jpeg, colour, 8, photometric="YBR_FULL_422"), 0.99),
    Kind("dicom rgb jpeg 2000", encoded(jpeg_syntax(90), _j2k, colour, 8, photometric="YBR_RCT"), 0.99),
]  # fmt: skip
