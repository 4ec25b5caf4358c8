import cv2
import numpy as np
import pytest
from PIL import Image

from boneage.imaging import UnreadableScan, read_scan


@pytest.fixture
def ramp():
    """A grey ramp, 40 rows x 50 columns, that grows with rows and columns alike."""
    return np.add.outer(np.arange(40), np.arange(50)).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_eight_bits_come_back_as_they_are(tmp_path, ramp, suffix):
    path = tmp_path / f"hand.{suffix}"
    Image.fromarray(ramp).save(path)
    scan = read_scan(path)
    assert np.array_equal(scan.pixels, ramp)
    assert scan.source == "hand"


def test_jpeg_is_close(tmp_path, ramp):
    path = tmp_path / "hand.jpg"
    Image.fromarray(ramp).save(path, quality=95)
    assert np.abs(read_scan(path).pixels - ramp).max() < 4


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_kept(tmp_path, ramp, suffix):
    deep = ramp.astype(np.uint16) * 700 + 3
    path = tmp_path / f"deep.{suffix}"
    cv2.imwrite(str(path), deep)
    assert np.array_equal(read_scan(path).pixels, deep)


def test_colour_becomes_luminance_at_any_depth(tmp_path, ramp):
    for depth, factor in ((np.uint8, 1), (np.uint16, 257)):
        colour = np.stack([ramp * 0, ramp * 0, ramp], axis=-1).astype(depth) * factor  # blue, green, red
        path = tmp_path / f"{factor}.png"
        cv2.imwrite(str(path), colour)
        assert np.allclose(read_scan(path).pixels, 0.299 * ramp.astype(float) * factor, rtol=1e-4, atol=1)


def test_transparency_is_ignored(tmp_path, ramp):
    path = tmp_path / "alpha.png"
    alpha = np.full_like(ramp, 128)
    Image.fromarray(np.stack([ramp, ramp, ramp, alpha], axis=-1)).save(path)
    assert np.allclose(read_scan(path).pixels, ramp, atol=1)


def test_content_counts_not_the_suffix(tmp_path, ramp):
    path = tmp_path / "hand.txt"
    Image.fromarray(ramp).save(path, format="png")
    assert read_scan(path).pixels.shape == (40, 50)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"a text file\n", "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "broken|not an image"),
        (b"\0" * 128 + b"DICM" + b"\0" * 40, "DICOM|decoded"),
    ],
)
def test_files_that_are_no_images_are_refused_by_name_and_reason(tmp_path, content, reason):
    path = tmp_path / "strange.png"
    path.write_bytes(content)
    with pytest.raises(UnreadableScan, match=reason) as caught:
        read_scan(path)
    assert caught.value.path == path


@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_truncated_images_are_refused(tmp_path, ramp, part):
    whole = tmp_path / "whole.png"
    noise = np.random.default_rng(0).integers(0, 255, (200, 200)).astype(np.uint8)
    Image.fromarray(noise).save(whole)
    truncated = tmp_path / "truncated.png"
    truncated.write_bytes(whole.read_bytes()[: int(part * whole.stat().st_size)])
    with pytest.raises(UnreadableScan, match="broken"):
        read_scan(truncated)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(UnreadableScan, match="no such file"):
        read_scan(tmp_path / "nowhere.png")
    with pytest.raises(UnreadableScan, match="folder"):
        read_scan(tmp_path)


def test_images_without_room_or_content_are_refused(tmp_path):
    for name, pixels, reason in (
        ("dot", np.zeros((1, 1)), "too small"),
        ("line", np.zeros((5, 4000)), "too small"),
        ("black", np.zeros((50, 50)), "blank"),
    ):
        path = tmp_path / f"{name}.png"
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        with pytest.raises(UnreadableScan, match=reason):
            read_scan(path)


def test_several_pages_are_refused(tmp_path, ramp):
    path = tmp_path / "pages.tif"
    page = Image.fromarray(ramp)
    page.save(path, save_all=True, append_images=[page])
    with pytest.raises(UnreadableScan, match="2 pages"):
        read_scan(path)


def test_the_error_survives_a_process_border():
    import pickle

    error = pickle.loads(pickle.dumps(UnreadableScan("a.png", "is broken")))
    assert (str(error.path), error.reason) == ("a.png", "is broken")


def test_a_resized_copy_knows_its_originals_pixels(tmp_path, ramp):
    path = tmp_path / "hand.png"
    Image.fromarray(ramp).save(path)
    scan = read_scan(path, (80, 150))
    assert scan.frame_to_original().apply([[-0.5, -0.5], [39.5, 49.5]]) == pytest.approx(
        np.array([[-0.5, -0.5], [79.5, 149.5]])
    )
    assert read_scan(path, (40, 50)).original_shape == read_scan(path).original_shape == (40, 50)


def test_what_decoders_raise_for_broken_files_is_a_refusal(tmp_path, ramp):
    Image.fromarray(ramp).save(tmp_path / "cut.tif")
    Image.fromarray(np.stack([ramp] * 3, axis=2)).save(tmp_path / "crc.png")
    for name, damage in (("cut.tif", lambda b: b[:6]), ("crc.png", lambda b: b[:-30] + b"[" * 20_000 + b[-30:])):
        (tmp_path / name).write_bytes(damage((tmp_path / name).read_bytes()))
        with pytest.raises(UnreadableScan, match=f"{name}: "):
            read_scan(tmp_path / name)
