"""Files that state what is not so, or leave out what must be stated: read as meant where that is clear."""

import numpy as np
import tifffile
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import JPEGBaseline8Bit

from tests.imaging.files.dicom_writing import (
    as_it_is,
    colour,
    deep,
    encoded,
    make_dataset,
    pillow_jpeg,
    saved,
)
from tests.imaging.files.kinds import Kind


def _lut(descriptor, data):
    item = Dataset()
    item.add_new(0x00283002, "US", descriptor)
    item.add_new(0x00283006, "OW", data)
    return [item]


def _rows_and_columns_swapped(path, picture):
    encoded(JPEGBaseline8Bit, pillow_jpeg, as_it_is, 8, Rows=picture.shape[1], Columns=picture.shape[0])(path, picture)


def _as_text(path, picture):
    make_dataset(deep(picture) + 10).save_as(path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def _blank_slope(path, picture):
    make_dataset(deep(picture), RescaleSlope="1.00", RescaleIntercept="0.00").save_as(path)
    path.write_bytes(path.read_bytes().replace(b"1.00", b"    "))


def _no_bits(path, picture):
    make_dataset(deep(picture), BitsStored=0).save_as(path)


def _rgb_without_planes(path, picture):
    data = make_dataset(colour(picture), bits=8, photometric="RGB")
    del data.PlanarConfiguration
    data.save_as(path)


def _tiff_without_photometric(path, picture):
    tifffile.imwrite(path, picture, photometric="minisblack", metadata=None)
    photometric, threshholding = (number.to_bytes(2, "little") + b"\3\0" for number in (262, 263))
    path.write_bytes(path.read_bytes().replace(photometric, threshholding))


def _holes(value, **options):
    """Write a float picture whose darkest tenth is filled with ``value``."""

    def write(path, picture):
        values = np.where(picture <= np.quantile(picture, 0.1), np.float32(value), picture.astype(np.float32))
        tifffile.imwrite(path, values, photometric="minisblack", **options)

    return write


def _damaged_png(path, picture):
    Image.fromarray(picture).save(path, format="PNG")
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))


def _integer_holes(path, picture):
    values = np.where(picture <= np.quantile(picture, 0.1), 65535, picture.astype(np.uint16) * 100)
    tifffile.imwrite(path, values.astype(np.uint16), photometric="minisblack", extratags=[(42113, 2, 0, "65535", True)])


def _nan_slope(path, picture):
    make_dataset(deep(picture), RescaleSlope="1.00", RescaleIntercept="0.00").save_as(path)
    path.write_bytes(path.read_bytes().replace(b"1.00", b"nan "))


def _transparency(path, picture):
    Image.merge("LA", [Image.fromarray(np.zeros_like(picture)), Image.fromarray(picture)]).save(path, format="PNG")


def _broken_chunk(path, picture):
    Image.fromarray(picture).save(path, format="PNG", dpi=(100, 100))
    path.write_bytes(path.read_bytes().replace(b"pHYs\0", b"pHYs\1"))


KINDS = [
    Kind("dicom jpeg of other rows and columns", _rows_and_columns_swapped, refused="its pixels are .* as it states"),
    Kind("dicom jpeg in colour stated as grey",
         encoded(JPEGBaseline8Bit, lambda p: pillow_jpeg(colour(p)), as_it_is, 8), 0.99),
    Kind("dicom jpeg in grey stated as colour", encoded(JPEGBaseline8Bit, lambda p: pillow_jpeg(p[..., 0]), colour, 8,
                                                        photometric="YBR_FULL_422"), 0.99),
    Kind("dicom of more bits than stated", saved(BitsStored=10, HighBit=9), remark="more than the 10 bits"),
    Kind("dicom of 0 bits stored", _no_bits),
    Kind("dicom of 12 bits in 8", saved(as_it_is, BitsStored=12, HighBit=11)),
    Kind("dicom colour without planar configuration", _rgb_without_planes),
    Kind("dicom blank slope", _blank_slope),
    Kind("dicom voi lut cut short", saved(VOILUTSequence=_lut([4096, 0, 12], bytes(4096))), remark="VOI LUT is broken"),
    Kind("dicom voi lut of nothing", saved(VOILUTSequence=_lut([0, 0, 0], b"")), remark="VOI LUT is broken"),
    Kind("dicom without rows", saved(Rows=None), refused="does not state its Rows: export"),
    Kind("dicom copied as text", _as_text, refused="line ends were changed.*export"),
    Kind("dicom report", saved(PixelData=None, Modality="SR"), refused="without an image .SR.: give the radiograph"),
    Kind("dicom document", saved(PixelData=None, EncapsulatedDocument=b"%PDF"), refused="with a document: save"),
    Kind("tiff without photometric", _tiff_without_photometric),
    Kind("tiff lowest number where nothing is", _holes(np.finfo(np.float32).min)),
    Kind("tiff stated number where nothing is", _holes(-9999, extratags=[(42113, 2, 0, "-9999", True)])),
    Kind("tiff stated integer where nothing is", _integer_holes),
    Kind("dicom slope that is no number", _nan_slope, remark="RescaleSlope of nan"),
    Kind("dicom of an unknown photometric", saved(photometric="GRAYSCALE"), refused="unknown kind .GRAYSCALE.: export"),
    Kind("png picture in its transparency", _transparency, refused="in its transparency alone: save"),
    Kind("png of a broken chunk", _broken_chunk, refused="broken PNG: copy"),
    Kind("png copied as text", _damaged_png, refused="line ends were changed.*copy it again"),
]  # fmt: skip
