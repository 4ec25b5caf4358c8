from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.storage.output import name_output, prepare_folder, write_atomically, write_picture, write_table


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
