"""Photographs and scans: PNG, JPEG, BMP and their like."""

from io import BytesIO

import cv2
import imagecodecs
import numpy as np
from PIL import Image

from tests.imaging.files.kinds import Kind, unturn

ORIENTATION = 274


def _deep(picture):
    return picture.astype(np.uint16) * 200 + 1000


def _colour(picture):
    return np.repeat(picture[..., None], 3, axis=-1)


def _save(make=lambda picture: picture, format="PNG", **options):
    def write(path, picture):
        image = make(picture)
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, format=format, **options)

    return write


def _turned(orientation, format, **options):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return _save(lambda picture: unturn(picture, orientation), format, exif=exif, **options)


def _with(encode):
    return lambda path, picture: path.write_bytes(encode(picture)) and None


def _two_pictures(path, picture):
    Image.fromarray(picture).save(path, format="MPO", save_all=True, append_images=[Image.fromarray(picture[::4, ::4])])


def _heic(path, picture):
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(400))


def _animated(path, picture):
    first = Image.fromarray(picture)
    first.save(path, format="PNG", save_all=True, append_images=[Image.fromarray(255 - picture)])


def _alpha(picture):
    return np.dstack([_colour(picture), np.where(picture > 60, 255, 0).astype(np.uint8)])


def _deep_png(channels):
    return lambda path, picture: (
        path.write_bytes(
            cv2.imencode(".png", np.repeat((picture.astype(np.uint16) + 9000)[..., None], channels, axis=-1))[
                1
            ].tobytes()
        )
        and None
    )


def _squashed(picture):
    return picture[::2]


def _cmyk(picture):
    return Image.fromarray(_colour(picture)).convert("CMYK")


def _jfif_density(x, y):
    def encode(picture):
        file = BytesIO()
        Image.fromarray(_squashed(picture)).save(file, "JPEG", quality=95, dpi=(100, 100))
        data = bytearray(file.getvalue())
        data[13:18] = bytes([0]) + x.to_bytes(2, "big") + y.to_bytes(2, "big")
        return bytes(data)

    return _with(encode)


def _shuffled_palette(path, picture):
    order = np.random.default_rng(0).permutation(256)
    image = Image.fromarray(order[picture].astype(np.uint8))
    indexed = Image.frombytes("P", image.size, image.tobytes())
    indexed.putpalette(np.repeat(np.argsort(order), 3).tolist())
    indexed.save(path, format="PNG")


def _reversed_palette(path, picture):
    indexed = Image.frombytes("P", picture.shape[::-1], (255 - picture).tobytes())
    indexed.putpalette(np.repeat(np.arange(255, -1, -1), 3).tolist())
    indexed.save(path, format="BMP")


def _turned_mpo(path, picture):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    first, second = (Image.fromarray(unturn(each, 6)) for each in (picture, picture[::4, ::4]))
    first.save(path, format="MPO", save_all=True, append_images=[second], exif=exif)


KINDS = [
    Kind("png palette in no order", _shuffled_palette),
    Kind("png grey with a transparent level", _save(transparency=255)),
    Kind("bmp palette reversed", _reversed_palette),
    Kind("bmp colour", _save(_colour, "BMP")),
    Kind("webp lossy", _save(_colour, "WEBP", quality=90), 0.99),
    Kind("jpeg of a phone (MPO), turned", _turned_mpo, 0.99),
    Kind("jpeg lossless 8 bit", _with(imagecodecs.ljpeg_encode)),
    Kind("jpeg of red, green and blue", _with(lambda p: imagecodecs.jpeg_encode(
        _colour(p), level=95, colorspace="RGB", outcolorspace="RGB")), 0.99),
    *(
        Kind(f"{format} orientation {k}", _turned(k, format, **options), 0.99)
        for format, options in (("PNG", {}), ("JPEG", {"quality": 95}), ("WEBP", {"lossless": True}))
        for k in range(1, 9)
    ),
    Kind("png 16 bit", _with(lambda p: cv2.imencode(".png", _deep(p))[1].tobytes())),
    Kind("png colour 16 bit", _deep_png(3)),
    Kind("png colour and alpha 16 bit", _deep_png(4)),
    Kind("png colour", _save(_colour)),
    Kind("png colour and alpha", _save(_alpha)),
    Kind("png grey and alpha", _save(lambda p: Image.merge("LA", [Image.fromarray(p), Image.fromarray(255 - p)]))),
    Kind("png palette", _save(lambda p: Image.fromarray(p).convert("P"))),
    Kind("png 1 bit", _save(lambda p: Image.fromarray(p).convert("1")), 0.5),
    Kind("png interlaced", _with(lambda p: cv2.imencode(".png", p)[1].tobytes())),
    Kind("png pixels twice as high", _save(_squashed, dpi=(200, 100)), aspect=2.0),
    Kind("png animated", _animated, refused="2 pictures"),
    Kind("jpeg progressive", _save(format="JPEG", progressive=True, quality=95), 0.99),
    Kind("jpeg colour", _save(_colour, "JPEG", quality=95), 0.99),
    Kind("jpeg cmyk", _save(_cmyk, "JPEG", quality=95), 0.99),
    Kind("jpeg of a phone (MPO)", _two_pictures, 0.99),
    Kind("jpeg 12 bit", _with(lambda p: imagecodecs.jpeg_encode(p.astype(np.uint16) * 16, bitspersample=12)), 0.99),
    Kind("jpeg lossless", _with(lambda p: imagecodecs.jpeg_encode(_deep(p), bitspersample=16, lossless=True))),
    Kind("jpeg-ls", _with(lambda p: imagecodecs.jpegls_encode(_deep(p)))),
    Kind("jpeg density of an aspect ratio", _jfif_density(2, 1), aspect=2.0, r=0.98),
    Kind("jpeg density of zero", _jfif_density(2, 0), r=0.98),
    Kind("jpeg 2000", _with(lambda p: imagecodecs.jpeg2k_encode(_deep(p), codecformat="JP2", level=0))),
    Kind("bmp", _save(format="BMP")),
    Kind("webp", _save(format="WEBP", lossless=True)),
    Kind("gif", _save(format="GIF")),
    Kind("pgm", _save(format="PPM")),
    Kind("jpeg 2000 colour 16 bit", _with(lambda p: imagecodecs.jpeg2k_encode(
        _colour(p).astype(np.uint16), codecformat="JP2", level=0))),
    Kind("png grey and alpha 16 bit", _with(lambda p: imagecodecs.png_encode(
        np.dstack([_deep(p), np.full(p.shape, 65535, np.uint16)])))),
    Kind("pgm 16 bit", _with(lambda p: b"P5\n%d %d\n65535\n" % p.shape[::-1] + _deep(p).astype(">u2").tobytes())),
    Kind("png of no known orientation", _turned(9, "PNG")),
    Kind("heic", _heic, refused="HEIC.*save it as"),
    Kind("pdf", lambda path, picture: path.write_bytes(b"%PDF-1.7\n" + bytes(400)) and None, refused="PDF"),
]  # fmt: skip
