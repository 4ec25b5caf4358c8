import stat
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import UnreadableScan, read_scan
from boneage.imaging.peeking import peek
from boneage.imaging.zip_members import describe_member, find_archive, is_zip, list_members, unpacked


@pytest.fixture
def picture(tmp_path):
    """A picture of 20 x 30 pixels, as a file and as bytes."""
    path = tmp_path / "1.png"
    Image.linear_gradient("L").resize((30, 20)).save(path)
    return path


def pack(path, members):
    """Write a zip of (name or ZipInfo, content)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that occur twice
        for name, content in members:
            archive.writestr(name, content)
    return path


def refusal(path):
    with pytest.raises(UnreadableScan) as caught:
        read_scan(path)
    assert caught.value.path == path
    return caught.value.reason


def test_a_file_in_a_zip_is_read_as_the_file_itself(picture, tmp_path):
    archive = pack(tmp_path / "hands.zip", [("a/1.png", picture.read_bytes()), ("a/notes.txt", "no picture")])
    inside, notes = list_members(archive)
    assert inside == archive / "a" / "1.png"
    assert find_archive(inside) == archive
    assert find_archive(picture) is None
    assert find_archive(tmp_path / "absent" / "1.png") is None
    assert find_archive(Path("1.png")) is None
    assert find_archive(tmp_path / "a\0b" / "1.png") is None
    assert find_archive(tmp_path / ("x" * 300) / "1.png") is None
    scan, same = read_scan(inside), read_scan(picture)
    np.testing.assert_array_equal(scan.pixels, same.pixels)
    assert scan.source == same.source == "1"
    assert peek(inside) == peek(picture)
    assert describe_member(inside, archive)[0] == picture.stat().st_size
    assert refusal(notes).startswith("is not an image")
    assert peek(notes).fault == "is not an image"
    assert refusal(archive / "2.png") == "there is no such file in the zip"


def test_what_is_unpacked_lies_in_a_temporary_folder_and_leaves_it(picture, tmp_path):
    archive = pack(tmp_path / "hands.zip", [("x" * 250 + ".png", picture.read_bytes()), ("y" * 400, b"1")])
    for path in list_members(archive):
        with unpacked(path) as file:
            assert file.is_file()
            assert not file.is_relative_to(tmp_path)
        assert not file.exists()
    with unpacked(picture) as file:
        assert file == picture


@pytest.mark.parametrize("name", ["../../1.png", "/etc/1.png", "..\\1.png", "C:\\1.png", "a/../../1.png", ".."])
def test_a_name_that_leads_out_of_the_zip_is_refused_and_nothing_is_written(name, picture, tmp_path):
    (tmp_path / "in").mkdir()
    archive = pack(tmp_path / "in" / "hands.zip", [(name, picture.read_bytes()), ("1.png", picture.read_bytes())])
    there = sorted(tmp_path.rglob("*"))
    paths = list_members(archive)
    assert len(set(paths)) == 2
    assert all(path.is_relative_to(archive) and ".." not in path.parts for path in paths)
    assert "leads out of the zip" in refusal(paths[0])
    assert read_scan(paths[1]).original_shape == (20, 30)
    assert sorted(tmp_path.rglob("*")) == there


def test_encrypted_doubled_linked_and_damaged_files_are_refused_by_themselves(picture, tmp_path):
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    content = picture.read_bytes()
    members = [("locked.png", content), ("two.png", content), ("two.png", b""), (link, "/etc/passwd")]
    archive = pack(tmp_path / "hands.zip", [*members, ("ok.png", content), ("bad.png", content)])
    data = bytearray(archive.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1  # the first file is encrypted, by the directory
    start = data.rindex(b"bad.png", 0, entry)
    data[start + 30 : start + 40] = bytes(10)
    archive.write_bytes(data)
    reasons = {}
    for path in list_members(archive):
        try:
            read_scan(path)
        except UnreadableScan as error:
            reasons[path.name] = error.reason
    assert reasons.keys() == {"locked.png", "two.png", "link.png", "bad.png"}
    assert reasons["locked.png"] == "is encrypted in its zip"
    assert reasons["two.png"] == "the zip has 2 files of this name"
    assert reasons["link.png"] == "is a link in its zip, not a file"
    assert reasons["bad.png"].startswith("is broken in its zip")


def test_no_more_is_unpacked_than_the_limit_whatever_the_zip_declares(tmp_path, monkeypatch):
    monkeypatch.setattr("boneage.imaging.zip_members.LARGEST_MEMBER_BYTES", 2**20)
    archive = pack(tmp_path / "bomb.zip", [("told.png", bytes(2**22)), ("untold.png", bytes(2**22))])
    data = bytearray(archive.read_bytes())
    last = data.rindex(b"PK\x01\x02")
    data[last + 24 : last + 28] = (1000).to_bytes(4, "little")  # the size that the directory declares
    archive.write_bytes(data)
    told, untold = list_members(archive)
    assert refusal(told) == "unpacks to more than 1 MB"
    assert "broken in its zip" in refusal(untold)


def test_a_zip_that_changes_is_read_anew_and_a_broken_one_is_refused(picture, tmp_path):
    archive = pack(tmp_path / "hands.zip", [("1.png", picture.read_bytes())])
    assert len(list_members(archive)) == 1
    pack(archive, [("1.png", picture.read_bytes()), ("2.png", picture.read_bytes())])
    assert len(list_members(archive)) == 2
    archive.write_bytes(archive.read_bytes()[:100])
    with pytest.raises(UnreadableScan, match="broken zip"):
        list_members(archive)
    assert refusal(Path(archive, "1.png")).startswith("its zip is a broken zip")
    assert is_zip(archive.read_bytes())
