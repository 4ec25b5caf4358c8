"""Writes DICOM files of a picture for tests."""

from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

_JPEG = "1.2.840.10008.1.2.4."


def make_dataset(pixels, *, bits=12, photometric="MONOCHROME2", syntax=ExplicitVRLittleEndian, **fields):
    """Return a DX data set of pixels; a field of None is taken away."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = syntax
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.BodyPartExamined = "DX", "HAND"
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel = 1 if pixels.ndim == 2 else pixels.shape[2]
    data.PhotometricInterpretation = photometric
    data.BitsAllocated = pixels.dtype.itemsize * 8
    data.BitsStored, data.HighBit = bits, bits - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        data.PlanarConfiguration = 0
    data.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    data["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    for name, value in fields.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    return data


def deep(picture):
    """Return the picture as 12-bit grey values."""
    return picture.astype(np.uint16) * 16


def saved(make=deep, **fields):
    """Return a function that writes what ``make`` makes of a picture, uncompressed, with more fields."""

    def write(path, picture):
        pixels = make(picture)
        bits = fields.get("BitsStored", 12 if pixels.dtype.itemsize > 1 else 8)
        make_dataset(pixels, **{"bits": bits, **fields}).save_as(path)

    return write


def encoded(syntax, encode, make=deep, bits=12, **fields):
    """Return a function that writes what ``make`` makes of a picture, as one frame that ``encode`` compresses."""

    def write(path, picture):
        pixels = make(picture)
        data = make_dataset(pixels, bits=bits, syntax=syntax, **fields)
        data.PixelData = encapsulate([encode(pixels)])
        data["PixelData"].is_undefined_length = True
        data["PixelData"].VR = "OB"
        data.save_as(path)

    return write


def as_it_is(picture):
    """Return the picture, of 8 bits."""
    return picture


def signed(picture):
    """Return the picture as 12-bit grey values from -2048."""
    return deep(picture).astype(np.int16) - 2048


def pillow_jpeg(pixels):
    """Return pixels as a baseline JPEG."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


def negative(picture):
    """Return the picture as 12-bit grey values, black and white swapped."""
    return 4095 - deep(picture)


def colour(picture):
    """Return the picture as red, green and blue."""
    return np.repeat(picture[..., None], 3, axis=-1)


def ybr(picture):
    """Return the picture as luminance and no colour."""
    return np.dstack([picture, np.full_like(picture, 128), np.full_like(picture, 128)])


def jpeg_syntax(number):
    """Return the transfer syntax of one of the kinds of JPEG."""
    return f"{_JPEG}{number}"


def full(picture):
    """Return the picture as 16-bit grey values."""
    return picture.astype(np.uint16) * 257
