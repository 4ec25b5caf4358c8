"""TIFF of every kind: types of numbers, polarity, compression, orientation, pages."""

import numpy as np
import tifffile
from PIL import Image

from tests.imaging.files.kinds import Kind, unturn

ORIENTATION = 274
_LOSSY = {"jpeg": 0.99, "jpeg2000": 0.99, "webp": 0.99, "jpegxl": 0.99}
_RANGES = {  # lowest value and step of a grey value, near the ends of the type where that matters
    "uint8": (0, 1), "int8": (-128, 1), "uint16": (0, 250), "int16": (-32768, 250),
    "uint32": (0, 16_000_000), "int32": (-2_000_000_000, 15_000_000), "uint64": (2**40, 2**50),
    "float16": (0, 100), "float32": (0, 1 / 255), "float64": (-1e200, 1e198),
}  # fmt: skip


def _cast(picture, kind):
    low, step = _RANGES[kind]
    return (
        (picture.astype(np.float64) * step + low).astype(kind)
        if "f" in kind
        else (picture.astype(object) * step + low).astype(kind)
    )


def _negative(values):
    return values.max() - (values - values.min()) if values.dtype.kind == "f" else ~values


def _save(make=lambda picture: picture, **options):
    return lambda path, picture: tifffile.imwrite(path, make(picture), **options)


def _of_type(kind, white, **options):
    def make(picture):
        values = _cast(picture, kind)
        return _negative(values) if white else values

    return _save(make, photometric="miniswhite" if white else "minisblack", metadata=None, **options)


def _turned(orientation, **options):
    tag = [(ORIENTATION, "H", 1, orientation, True)]
    return _save(lambda picture: unturn(picture, orientation), extratags=tag, metadata=None, **options)


def _colour(picture):
    return np.repeat(picture[..., None], 3, axis=-1)


def _holes(value):
    """Write a float picture whose darkest tenth has no value; it must become the darkest value again."""

    def make(picture):
        values = picture.astype(np.float32)
        values[picture <= np.quantile(picture, 0.1)] = value
        return values

    return _save(make, photometric="minisblack")


def _pages(*makes):
    """Write pages, each made by a function of the picture that returns pixels and options."""

    def write(path, picture):
        with tifffile.TiffWriter(path) as file:
            for make in makes:
                pixels, options = make(picture)
                file.write(pixels, photometric="minisblack", metadata=None, **options)

    return write


def _whole(picture):
    return picture, {}


def _flagged_thumbnail(picture):
    return 255 - picture[::6, ::6], {"subfiletype": 1}


def _plain_thumbnail(picture):
    return 255 - picture[::6, ::6], {}


def _pyramid(path, picture):
    with tifffile.TiffWriter(path) as file:
        file.write(picture, photometric="minisblack", subifds=1, metadata=None)
        file.write(255 - picture[::2, ::2], photometric="minisblack", subfiletype=1, metadata=None)


def _cut(path, picture):
    tifffile.imwrite(path, picture, photometric="minisblack")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def _unknown_compression(path, picture):
    tifffile.imwrite(path, picture, photometric="minisblack", metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["Compression"].overwrite(34661)


def _pillow(mode, **options):
    return lambda path, picture: Image.fromarray(picture).convert(mode).save(path, format="TIFF", **options)


def _lab(path, picture):
    neutral = np.full_like(picture, 128)
    Image.merge("LAB", [Image.fromarray(each) for each in (picture, neutral, neutral)]).save(path, format="TIFF")


def _of_16_bits(picture):
    return picture.astype(np.uint16) * 200


def _packed(bits, white):
    """Write grey values of an unusual number of bits, packed without gaps."""

    def write(path, picture):
        values = (picture.astype(np.uint32) << bits >> 8).astype(np.uint16)
        values = (2**bits - 1) - values if white else values
        digits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(*values.shape, 2), axis=-1)
        rows = np.packbits(digits[..., 16 - bits :].reshape(len(values), -1), axis=-1)
        tifffile.imwrite(path, rows, photometric="miniswhite" if white else "minisblack", metadata=None)
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages[0].tags["ImageWidth"].overwrite(values.shape[1])
            file.pages[0].tags["BitsPerSample"].overwrite(bits)

    return write


def _palette(path, picture):
    colormap = np.repeat((np.arange(255, -1, -1) * 257).astype(np.uint16)[None], 3, axis=0)
    tifffile.imwrite(path, 255 - picture, photometric="palette", colormap=colormap)


KINDS = [
    *(
        Kind(f"tiff {kind} {'white' if white else 'black'} is zero {'big' if order == '>' else 'little'} endian",
             _of_type(kind, white, byteorder=order))
        for kind in _RANGES for white in (False, True) for order in "<>"
    ),
    *(
        Kind(f"tiff {kind} white is zero {compression}", _of_type(kind, True, compression=compression))
        for kind in ("uint8", "uint16", "float32") for compression in ("lzw", "zlib")
    ),
    *(
        Kind(f"tiff {compression} {kind}", _of_type(kind, False, compression=compression),
             _LOSSY.get(compression, 0.999))
        for compression, kinds in {
            "lzw": ("uint8", "uint16"), "zlib": ("uint8", "uint16", "float32"), "packbits": ("uint8",),
            "zstd": ("uint16",), "lzma": ("uint16",), "jpeg": ("uint8",), "jpeg2000": ("uint8", "uint16"),
            "webp": (), "jpegxl": ("uint8",),
        }.items() for kind in kinds
    ),
    *(
        Kind(f"tiff orientation {k} {compression}", _turned(k, compression=compression), 0.99)
        for compression in (None, "lzw", "jpeg") for k in range(1, 9)
    ),
    Kind("tiff lzw predictor", _of_type("uint16", False, compression="lzw", predictor=True)),
    Kind("tiff float predictor", _of_type("float32", False, compression="zlib", predictor=3)),
    Kind("tiff tiled", _of_type("uint16", False, tile=(128, 128))),
    Kind("tiff strips", _of_type("uint16", True, rowsperstrip=16)),
    Kind("tiff big", _of_type("uint16", False, bigtiff=True)),
    Kind("tiff colour", _save(_colour, photometric="rgb")),
    Kind("tiff colour 16 bit", _save(lambda p: _colour(p).astype(np.uint16) + 9000, photometric="rgb")),
    Kind("tiff colour in planes", _save(lambda p: np.moveaxis(_colour(p), -1, 0), photometric="rgb", planarconfig=2)),
    Kind("tiff colour jpeg", _save(_colour, photometric="rgb", compression="jpeg"), 0.99),
    Kind("tiff colour ycbcr jpeg", _pillow("YCbCr", compression="jpeg"), 0.99),
    Kind("tiff colour ycbcr", _pillow("YCbCr"), 0.99),
    Kind("tiff colour and alpha", _save(lambda p: np.dstack([_colour(p), 255 - p]), photometric="rgb",
                                        extrasamples=[2])),
    Kind("tiff grey and alpha", _save(lambda p: np.dstack([p, 255 - p]), photometric="minisblack", extrasamples=[2],
                                      planarconfig=1)),
    Kind("tiff cmyk", _pillow("CMYK"), 0.99),
    Kind("tiff lab", _lab, 0.99),
    Kind("tiff palette", _palette),
    *(
        Kind(f"tiff {bits} bits {'white' if white else 'black'} is zero", _packed(bits, white), 0.99)
        for bits in (4, 10, 12, 14) for white in (False, True)
    ),
    Kind("tiff colour 16 bit in planes", _save(lambda p: np.stack([p.astype(np.uint16) * 200] * 3), photometric="rgb",
                                               planarconfig=2)),
    Kind("tiff colour floats", _save(lambda p: _colour(p) / np.float32(255), photometric="rgb")),
    Kind("tiff imagej", _save(_of_16_bits, imagej=True)),
    Kind("tiff ome", _save(_of_16_bits, ome=True)),
    Kind("tiff of twenty channels", _save(lambda p: np.repeat(p[::4, ::4, None], 20, axis=-1), photometric="minisblack",
                                          planarconfig=1), refused="20 channels"),
    Kind("tiff complex", _save(lambda p: p.astype(np.complex64)), refused="complex64"),
    Kind("tiff 1 bit", _pillow("1"), 0.5),
    Kind("tiff 1 bit fax", _pillow("1", compression="group4"), 0.5),
    Kind("tiff pixels twice as high", _save(lambda p: p[::2], resolution=(200, 100)), aspect=2),
    Kind("tiff turned pixels twice as high", _turned(6, resolution=(100, 200)), aspect=2),
    *(Kind(f"tiff {value}", _holes(value)) for value in (np.nan, np.inf, -np.inf)),
    Kind("tiff nothing but nan", _save(lambda p: np.full(p.shape, np.nan, np.float32)), refused="no finite"),
    Kind("tiff thumbnail first", _pages(_flagged_thumbnail, _whole)),
    Kind("tiff thumbnail second", _pages(_whole, _flagged_thumbnail)),
    Kind("tiff plain thumbnail second", _pages(_whole, _plain_thumbnail)),
    Kind("tiff pyramid", _pyramid),
    Kind("tiff two pages", _pages(_whole, _whole), refused="2 pages"),
    Kind("tiff cut short", _cut, refused="cut short"),
    Kind("tiff of unknown compression", _unknown_compression, refused="TIFF.*34661.*save"),
]  # fmt: skip
