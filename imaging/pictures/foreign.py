"""Files that are no picture that is read: told by name, with what to do."""

from __future__ import annotations

HEAD_BYTES = 264
"""How much of a file's beginning tells what it is."""

_READ_FORMATS = "PNG, JPEG, TIFF, BMP, WebP, GIF, PGM, JPEG 2000, DICOM, NIfTI, MetaImage or NRRD"
_PICTURES = (
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"8BPS", "Photoshop"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance"),
    (b"AT&TFORM", "DjVu"),
    (b"\0\0\1\0", "icon"),
    (b"\x0a\x05\x01\x08", "PCX"),
    (b"DDS ", "DDS"),
    (b"P7\n", "PAM"),
)
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"avif": "AVIF"}
_ARCHIVES = ((b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!", "RAR"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"))
_ARRAYS = ((b"\x93NUMPY", "NumPy"), (b"MATLAB 5.0", "MATLAB"), (b"\x89HDF\r\n", "HDF5"))
_TEXTS = (
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file itself: fetch that with git lfs pull"),
    (b"<!doctype html", "is a web page, not a picture: download the picture itself"),
    (b"<html", "is a web page, not a picture: download the picture itself"),
)
_DAMAGED = b"\x89PNG\n\x1a\n"
_BROKEN = ((b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF8", "GIF"))


def describe_foreign(head: bytes) -> str:
    """Return what a file is that is no picture which is read, and what to do.

    Parameters
    ----------
    head : bytes
        The first ``HEAD_BYTES`` of the file.

    Examples
    --------
    >>> describe_foreign(b"%PDF-1.7")
    'is of the kind PDF, which is not read: save it as PNG'
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found = [sentence for magic, sentence in _TEXTS if start.startswith(magic)]
    found += [f"is of the kind {name}, which is not read: save it as PNG" for name in _find(_PICTURES, head)]
    found += [f"is a broken {name}: copy or export it again" for name in _find(_BROKEN, head)]
    found += [f"is packed as {name}: unpack it" for name in _find(_ARCHIVES, head)]
    found += [f"is an array of {name}: save it as TIFF, or a volume as NIfTI" for name in _find(_ARRAYS, head)]
    if found:
        return found[0]
    if head[4:8] == b"ftyp":
        return f"is of the kind {_BRANDS.get(head[8:12], 'video')}, which is not read: save it as PNG"
    if head[257:262] == b"ustar":
        return "is packed as tar: unpack it"
    if b"<svg" in start:
        return "is of the kind SVG, which is not read: save it as PNG"
    if head.startswith(_DAMAGED):
        return "is a PNG whose line ends were changed on its way: copy it again, as a binary file"
    if not any(head):
        return "holds zeros where a picture begins: copy it again"
    return f"is not an image ({_READ_FORMATS}): save it as PNG"


def _find(kinds: tuple[tuple[bytes, str], ...], head: bytes) -> list[str]:
    return [name for magic, name in kinds if head.startswith(magic)]
