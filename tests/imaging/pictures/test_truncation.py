import numpy as np
import pytest

from boneage.imaging.pictures.truncation import decode_whole, lacks_end

END, SCAN = b"\xff\xd9", b"\xff\xda"


def decode(data):
    """Decode 4 pixels, a byte each, after the start of the scan; what is missing is 0."""
    pixels = data[data.index(SCAN) + 2 :].split(END)[0][:4]
    return np.frombuffer(pixels.ljust(4, b"\0"), np.uint8)


@pytest.mark.parametrize("ending", [b"", END, b"padding", END + b"a video"])
def test_data_up_to_the_last_pixel_is_decoded_whatever_follows(ending):
    assert decode_whole(SCAN + b"abcd" + ending, decode).tobytes() == b"abcd"


@pytest.mark.parametrize("ending", [b"", END])
def test_data_that_ends_before_the_last_pixel_is_cut_short(ending):
    with pytest.raises(EOFError, match="is cut short: some of its pixels are missing"):
        decode_whole(SCAN + b"abc" + ending, decode)


def test_the_end_marker_of_a_thumbnail_before_the_scan_is_none():
    assert lacks_end(END + SCAN + b"abcd")
    assert not lacks_end(END + SCAN + b"abcd" + END)
