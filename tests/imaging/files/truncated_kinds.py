"""Files that end too early: read if only an end marker is missing, refused if pixels are."""

from functools import partial
from io import BytesIO

import imagecodecs
from PIL import Image
from pydicom.uid import RLELossless

from tests.imaging.files.dicom_writing import as_it_is, colour, deep, encoded, full, jpeg_syntax, make_dataset
from tests.imaging.files.kinds import Kind

_END = 2  # bytes of the end marker
_CUTS = {
    "by a byte of data": lambda n: n - _END - 3,
    "by 200 bytes": lambda n: n - 200,
    "by a third": lambda n: 2 * n // 3,
}


def _jpeg(make, **options):
    def encode(picture):
        file = BytesIO()
        Image.fromarray(make(picture)).save(file, "JPEG", quality=95, **options)
        return file.getvalue()

    return encode


def _lossless(picture):
    return imagecodecs.jpeg_encode(full(picture), bitspersample=16, lossless=True)


def _jpeg12(picture):
    return imagecodecs.jpeg_encode(deep(picture), bitspersample=12)


_ENCODERS = {
    "baseline": _jpeg(as_it_is),
    "progressive": _jpeg(as_it_is, progressive=True),
    "in colour": _jpeg(colour),
    "with restarts": _jpeg(as_it_is, restart_marker_blocks=10),
    "12 bit": _jpeg12,
    "lossless": _lossless,
}


def _shorten(data, length, end=b""):
    return data[: length(len(data))] + end


def _write(encode, length, end=b""):
    return lambda path, picture: path.write_bytes(_shorten(encode(picture), length, end)) and None


def _without_end(n_bytes):
    return n_bytes - _END


def _cut_frame(encode, length):
    return lambda pixels: _shorten(encode(pixels), length)


def _cut_file(write, part):
    """Write a file, and take away what follows ``part`` of it; all but so many bytes if it is negative."""

    def write_cut(path, picture):
        write(path, picture)
        data = path.read_bytes()
        path.write_bytes(data[: round(part * len(data)) if part > 0 else part])

    return write_cut


def _run_lengths(path, picture):
    data = make_dataset(deep(picture))
    data.compress(RLELossless)
    data.save_as(path)


_BASELINE = encoded(jpeg_syntax(50), _ENCODERS["baseline"], as_it_is, 8)
_J2K = partial(imagecodecs.jpeg2k_encode, codecformat="J2K", level=0)

KINDS = [
    *(Kind(f"jpeg {name}, no end", _write(encode, _without_end), 0.99, remark="end marker")
      for name, encode in _ENCODERS.items()),
    *(Kind(f"jpeg {name}, cut {cut}", _write(encode, length), refused="cut short.*copy")
      for name, encode in _ENCODERS.items() for cut, length in _CUTS.items()),
    *(Kind(f"jpeg {name}, cut by a third and ended", _write(_ENCODERS[name], _CUTS["by a third"], b"\xff\xd9"),
           refused="cut short.*copy") for name in ("baseline", "in colour")),
    Kind("jpeg, no end, zeros", _write(_ENCODERS["baseline"], _without_end, bytes(3000)), 0.99),
    Kind("jpeg and a video", _write(_ENCODERS["baseline"], lambda n: n, b"\0\0\0\x18ftypmp42" + bytes(5000)), 0.99),
    Kind("dicom jpeg, no end", encoded(jpeg_syntax(50), _cut_frame(_ENCODERS["baseline"], _without_end), as_it_is, 8),
         0.99),
    Kind("dicom jpeg, cut", encoded(jpeg_syntax(50), _cut_frame(_ENCODERS["baseline"], _CUTS["by a third"]), as_it_is,
                                    8), refused="cut short.*export"),
    Kind("dicom jpeg lossless, cut", encoded(jpeg_syntax(70), _cut_frame(
        lambda p: imagecodecs.jpeg_encode(p, bitspersample=16, lossless=True), _CUTS["by a third"]), full, 16),
         refused="cut short.*export"),
    Kind("dicom jpeg 2000, cut", encoded(jpeg_syntax(90), _cut_frame(_J2K, _CUTS["by a third"])), refused="export"),
    Kind("dicom jpeg-ls, cut", encoded(jpeg_syntax(80), _cut_frame(imagecodecs.jpegls_encode, _CUTS["by a third"])),
         refused="export"),
    Kind("dicom of a jpeg, file cut", _cut_file(_BASELINE, 0.7), refused="cut short.*copy"),
    Kind("dicom of a jpeg, last item cut", _cut_file(_BASELINE, -8), refused="cut short.*copy"),
    Kind("dicom of run lengths, file cut", _cut_file(_run_lengths, 0.7), refused="cut short.*copy"),
]  # fmt: skip
