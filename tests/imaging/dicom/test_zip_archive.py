import zipfile

import numpy as np
import pytest

from boneage.imaging import UnreadableScan, read_scan
from boneage.imaging.dicom import zip_archive
from tests.imaging.dicom_files import write_enhanced, write_series
from tests.imaging.volume_files import ramp


def pack(path, folder, prefix=""):
    """Zip the files of a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, prefix + file.name)
    return path


@pytest.fixture
def series(tmp_path):
    """18 coronal slices from front to back."""
    return write_series(tmp_path / "s", ramp())


@pytest.mark.parametrize("prefix", ["", "deep/er/", "../../../", "/tmp/"])
def test_slices_are_read_from_any_folder_of_the_zip_without_unpacking_to_disk(tmp_path, series, prefix):
    before = sorted(tmp_path.rglob("*"))
    path = pack(tmp_path / "hand.v1.zip", series, prefix)
    scan = read_scan(path)
    assert np.array_equal(scan.pixels, ramp())
    assert scan.source == "hand.v1"
    assert sorted(tmp_path.rglob("*")) == sorted([*before, path])


def test_other_members_are_ignored_and_counted(tmp_path, series, caplog):
    (series / "notes.txt").write_text("a text")
    (series / "empty").write_text("")
    with caplog.at_level("INFO"):
        assert read_scan(pack(tmp_path / "a.zip", series)).pixels.shape == (18, 20, 24)
    assert "2 files are no images" in caplog.text


def test_one_file_of_several_frames_is_a_volume(tmp_path):
    (tmp_path / "s").mkdir()
    write_enhanced(tmp_path / "s" / "a", ramp(), range(18))
    assert np.array_equal(read_scan(pack(tmp_path / "a.zip", tmp_path / "s")).pixels, ramp())


def test_a_zip_without_dicom_is_refused(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "a.txt").write_text("a text")
    with pytest.raises(UnreadableScan, match=r"zip without DICOM files \(1 other files\)"):
        read_scan(pack(tmp_path / "a.zip", tmp_path / "s"))
    (tmp_path / "s" / "a.txt").unlink()
    with pytest.raises(UnreadableScan, match="zip without DICOM files"):
        read_scan(pack(tmp_path / "a.zip", tmp_path / "s"))


def test_an_encrypted_zip_is_refused(tmp_path, series):
    data = bytearray(pack(tmp_path / "a.zip", series).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 4)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(UnreadableScan, match="is an encrypted zip"):
        read_scan(tmp_path / "a.zip")


def test_a_broken_zip_is_refused(tmp_path, series):
    data = pack(tmp_path / "a.zip", series).read_bytes()
    (tmp_path / "truncated.zip").write_bytes(data[: len(data) // 2])
    middle = bytearray(data)
    middle[400:440] = b"?" * 40
    (tmp_path / "damaged.zip").write_bytes(middle)
    for name in ("truncated.zip", "damaged.zip"):
        with pytest.raises(UnreadableScan, match="broken zip"):
            read_scan(tmp_path / name)


def test_too_many_files_or_bytes_are_refused_whatever_the_zip_declares(tmp_path, series, monkeypatch):
    path = pack(tmp_path / "a.zip", series)
    sizes = [(series / f"{k:03d}.dcm").stat().st_size for k in range(5)]
    monkeypatch.setattr(zip_archive, "LARGEST_TOTAL_BYTES", sum(sizes))
    with pytest.raises(UnreadableScan, match=r"unpacks to more than .* at 005\.dcm"):
        read_scan(path)
    monkeypatch.setattr(zip_archive, "LARGEST_MEMBER_BYTES", sizes[0] - 1)
    with pytest.raises(UnreadableScan, match=r"unpacks to more than .* at 000\.dcm"):
        read_scan(path)
    monkeypatch.setattr(zip_archive, "MOST_MEMBERS", 17)
    with pytest.raises(UnreadableScan, match="zip of 18 files; a series has at most 17"):
        read_scan(path)


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_archive, "LARGEST_MEMBER_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("text", b"\0" * 2**24)
        archive.writestr("slice", b"\0" * 128 + b"DICM" + b"\0" * 2**24)
    with pytest.raises(UnreadableScan, match="unpacks to more than 1 MB at slice"):
        read_scan(tmp_path / "a.zip")
