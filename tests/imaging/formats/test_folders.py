import pytest

from boneage.imaging import InvalidTable
from boneage.imaging.formats.folders import has_files, list_files


def test_files_are_listed_by_what_stands_before_the_suffix(tmp_path):
    for name in ("b.mrk.json", "a.MRK.JSON", ".c.mrk.json", "d.json"):
        (tmp_path / name).touch()
    (tmp_path / "e.mrk.json").mkdir()
    assert list(list_files(tmp_path, ".mrk.json")) == ["a", "b"]
    assert has_files(tmp_path, ".mrk.json")
    assert not has_files(tmp_path, ".xml")


def test_one_file_stands_for_itself(tmp_path):
    assert list_files(tmp_path / "a.mrk.json", ".mrk.json") == {"a": tmp_path / "a.mrk.json"}
    assert list_files(tmp_path / "a.b.txt", ".xml") == {"a.b": tmp_path / "a.b.txt"}


def test_a_folder_without_any_is_refused(tmp_path):
    with pytest.raises(InvalidTable, match=r"ends in \.xml"):
        list_files(tmp_path, ".xml")
