import os
import socket

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import Collection, NoScans
from boneage.imaging.listing import find_scans, list_folder
from tests.imaging.dicom_files import write_series
from tests.imaging.volume_files import ramp


@pytest.fixture
def tree(tmp_path):
    """Images 1, a/2 and a/b/3, a series a/s, and what is no image: links that are dead or go round, a pipe."""
    folder = tmp_path / "images"
    (folder / "a" / "b").mkdir(parents=True)
    for name in ("1", "a/2", "a/b/3"):
        Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).save(folder / f"{name}.png")
    write_series(folder / "a" / "s", ramp())
    (folder / "empty").mkdir()
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "self.png").symlink_to("self.png")
    (folder / "a" / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    return folder


def names(folder, paths):
    return [str(path.relative_to(folder)) for path in paths]


def test_what_is_passed_over_is_counted_and_named(tree):
    found = list_folder(tree)
    assert names(tree, found.scans) == ["1.png"]
    assert found.remarks() == [
        f"passed over 2 sub-folders: {tree / 'a'}, {tree / 'empty'} (--recursive reads them)",
        f"passed over 2 links to nothing: {tree / 'gone.png'}, {tree / 'self.png'}",
        f"passed over 1 entry that cannot be read: {tree / 'pipe.png'}",
    ]


def test_sub_folders_are_read_once_and_volumes_in_them_as_one(tree):
    found = list_folder(tree, recursive=True)
    assert names(tree, found.scans) == ["1.png", "a/2.png", "a/b/3.png", "a/s"]
    assert found.folders == ()
    assert len(found.dead_links) == 2
    assert Collection.from_folders([tree], recursive=True).ids == ("1", "2", "3", "s")


def test_a_collection_tells_what_was_passed_over(tree):
    assert Collection.from_folders([tree]).remarks == tuple(list_folder(tree).remarks())


def test_a_folder_of_folders_says_how_to_read_them(tree):
    (tree / "1.png").unlink()
    with pytest.raises(NoScans, match=r"no image in it.*passed over 2 sub-folders.*--recursive"):
        list_folder(tree)


def test_a_socket_and_many_of_a_kind_are_named_in_short(tmp_path):
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "1.png")
    for k in range(5):
        (tmp_path / f"{k}.tif").symlink_to("x")
    with socket.socket(socket.AF_UNIX) as open_socket:
        open_socket.bind(str(tmp_path / "s"))
    assert list_folder(tmp_path).remarks()[0].endswith("2.tif, …")
    assert "1 entry that cannot be read" in list_folder(tmp_path).remarks()[1]


@pytest.mark.parametrize("name", ["²", "1²", "٣.png", " ", "-", "a\nb.png", "x" * 255, "ä" * 127, "\udcff.png"])
def test_odd_names_are_listed(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    (tmp_path / "1.png").write_bytes(b"x")
    assert {path.name for path in find_scans(tmp_path)} == {name, "1.png"}
