import re

import pytest

from boneage.imaging.pictures.foreign import HEAD_BYTES, describe_foreign

HEADS = {
    b"\0\0\0\x18ftypheic": "HEIC, .* save it as PNG",
    b"\0\0\0\x18ftypmp42": "video, .* save it as PNG",
    b"8BPS\0\1": "Photoshop, .* save it as PNG",
    b"<?xml version='1.0'?>\n<svg>": "SVG, .* save it as PNG",
    b"7z\xbc\xaf\x27\x1c": "7z: unpack it",
    b"1.png".ljust(257, b"\0") + b"ustar": "tar: unpack it",
    b"\x93NUMPY\1": "NumPy: save it as TIFF",
    b"\xef\xbb\xbf\n<!DOCTYPE html>": "web page.* download",
    b"version https://git-lfs.github.com/spec/v1": "pointer of Git LFS.* git lfs pull",
    bytes(HEAD_BYTES): "zeros .* copy it again",
    b"a note": "is not an image .PNG.*: save it as PNG",
}


@pytest.mark.parametrize("head", HEADS, ids=[pattern.split()[0] for pattern in HEADS.values()])
def test_a_file_is_named_with_what_to_do(head):
    assert re.search(HEADS[head], describe_foreign(head[:HEAD_BYTES]))
