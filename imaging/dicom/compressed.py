"""JPEG, JPEG-LS and HTJ2K frames of DICOM files decoded by imagecodecs, as a plugin of pydicom's decoders."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import imagecodecs
from PIL import Image
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder
from pydicom.uid import (
    HTJ2K,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from boneage.imaging.pictures.truncation import decode_whole, lacks_end

_DECODERS = {
    JPEGBaseline8Bit: imagecodecs.jpeg_decode,
    JPEGExtended12Bit: imagecodecs.jpeg_decode,
    JPEGLossless: imagecodecs.jpeg_decode,
    JPEGLosslessSV1: imagecodecs.jpeg_decode,
    JPEGLSLossless: imagecodecs.jpegls_decode,
    JPEGLSNearLossless: imagecodecs.jpegls_decode,
    HTJ2KLossless: imagecodecs.jpeg2k_decode,
    HTJ2KLosslessRPCL: imagecodecs.jpeg2k_decode,
    HTJ2K: imagecodecs.jpeg2k_decode,
}
DECODER_DEPENDENCIES = {UID(syntax): ("imagecodecs",) for syntax in _DECODERS}
_NAME = "imagecodecs"


def is_available(uid: str) -> bool:
    """Return whether this plugin decodes a transfer syntax; pydicom asks for it by this name."""
    return uid in _DECODERS


def decode_frame(src: bytes, runner: Any) -> bytes:
    """Return the decoded pixels of one frame, and tell pydicom's runner how they are laid out.

    Raises
    ------
    ValueError
        If the frame has another size than the data set states, or some of its pixels are missing.
    """
    decode = _DECODERS[runner.transfer_syntax]
    unended = decode is imagecodecs.jpeg_decode and lacks_end(src)  # the other decoders tell what is missing
    pixels = decode_whole(src, decode) if unended else decode(src)
    if pixels.shape[:2] != (runner.rows, runner.columns):
        raise ValueError(f"its pixels are {pixels.shape[:2]}, not {(runner.rows, runner.columns)} as it states")
    runner.set_option("bits_allocated", pixels.dtype.itemsize * 8)
    if pixels.ndim == 3:
        runner.set_option("planar_configuration", 0)
        runner.set_option("photometric_interpretation", "RGB")
    return bytes(pixels.tobytes())


def adopt_baseline_jpeg(data: Any) -> None:
    """Take the number of colours of a baseline JPEG's frame where the data set states another one.

    Raises
    ------
    ValueError
        If the frame has another size than the data set states: pydicom would shear the picture.
    """
    with Image.open(BytesIO(get_frame(data.PixelData, 0, number_of_frames=1))) as image:
        size, n_samples = (image.height, image.width), len(image.getbands())
    if size != (data.Rows, data.Columns):
        raise ValueError(f"its pixels are {size}, not {(data.Rows, data.Columns)} as it states")
    if n_samples == data.SamplesPerPixel or data.PhotometricInterpretation == "MONOCHROME1":
        return
    data.SamplesPerPixel, data.PlanarConfiguration = n_samples, 0
    data.PhotometricInterpretation = "MONOCHROME2" if n_samples == 1 else "YBR_FULL_422"


def register_decoders() -> None:
    """Add this plugin to pydicom's decoders, once."""
    for syntax in _DECODERS:
        decoder = get_decoder(syntax)
        if _NAME not in decoder.available_plugins:
            decoder.add_plugin(_NAME, (__name__, decode_frame.__name__))
