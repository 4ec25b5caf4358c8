from __future__ import annotations

import resource
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.storage.output import (
    name_output,
    prepare_file,
    prepare_folder,
    write_atomically,
    write_picture,
    write_result,
    write_table,
)


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    assert prepare_folder(tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UnusableOutput, match="taken: is needed as an output folder"):
        prepare_folder(tmp_path / "taken")
    with pytest.raises(UnusableOutput, match="is needed as an output folder"):
        prepare_folder(tmp_path / "taken" / "below")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(UnusableOutput, match="cannot be written to"):
        prepare_folder("/proc/boneage")


def test_a_file_to_be_written_later_is_checked_before_and_nothing_is_left_there(tmp_path: Path) -> None:
    target = tmp_path / "new" / "model.boneage"
    prepare_file(target)
    assert list(target.parent.iterdir()) == []
    target.write_text("old")
    prepare_file(target)
    assert target.read_text() == "old"


@pytest.mark.parametrize(
    ("name", "said"),
    [("folder", "is needed as a file, but there is a folder"), ("x" * 256, "cannot be written"),
     ("file/x", "there is a file in its place")],
)  # fmt: skip
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UnusableOutput, match=said):
        prepare_file(tmp_path / name)


@pytest.fixture
def no_large_files():
    """Files of more than a megabyte cannot be written, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("no_large_files")
def test_a_full_disk_is_told_before_and_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "model.boneage"
    target.write_text("old")
    with pytest.raises(UnusableOutput, match=r"model\.boneage: cannot be written \(File too large\)"):
        prepare_file(target)
    with pytest.raises(UnusableOutput, match=r"cannot be written \(File too large\)$"):
        write_result(target, bytes(2**21))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_result_that_cannot_be_written_is_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UnusableOutput, match=r"cannot be written .*; it is in ") as caught:
        write_table(tmp_path / "absent" / "ages.csv", [{"id": 1}])
    (kept,) = tmp_path.iterdir()
    assert caught.value.reason.endswith(f"it is in {kept} instead")
    assert kept.read_text() == "id\n1\n"


def test_names_that_are_no_unicode_do_not_end_a_table(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", [{"id": "\udcff"}])
    assert (tmp_path / "t.csv").read_text() == "id\n\\udcff\n"


def test_writing_replaces_a_file_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_atomically(target, "old")
    write_atomically(target, "new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").write_text("kept")
    with pytest.raises(UnusableOutput, match="folder: cannot be written"):
        write_atomically(tmp_path / "folder", "text")
    with pytest.raises(UnusableOutput, match="cannot be written"):
        write_atomically(tmp_path / "absent" / "a.txt", "text")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_table_is_quoted_where_needed(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", [{"id": "1", "reason": 'a, "b"'}, {"id": "2", "reason": ""}])
    assert (tmp_path / "t.csv").read_text() == 'id,reason\n1,"a, ""b"""\n2,\n'


def test_a_table_without_rows_still_has_its_header(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", [], columns=("id", "score"))
    assert (tmp_path / "t.csv").read_text() == "id,score\n"


def test_names_of_files_fit_and_differ(tmp_path: Path) -> None:
    ids = ["h" * 251, "h" * 252, "h" * 253, "ü" * 130, "ü" * 131, "/_a", "__a", "a/b", "a_b"]
    names = [name_output(id_, ".png") for id_ in ids]
    assert len(set(names)) == len(ids)
    assert names[0] == "h" * 251 + ".png"
    for name in names:
        write_picture(tmp_path / name, Image.new("L", (2, 2)))
    assert len(list(tmp_path.iterdir())) == len(ids)
