import os
from pathlib import Path

import numpy as np
import pytest

from boneage.imaging import Scan, write_volume
from boneage.pipeline.batch.file_state import FileState, digest_file, digest_unchanged, state_file


def test_a_file_is_told_by_its_content(tmp_path):
    for name, content in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).write_text(content)
    digests = [digest_file(tmp_path / name) for name in "abc"]
    assert digests[0] == digests[1] != digests[2]
    assert state_file(tmp_path / "a").size == 1
    assert (state_file(tmp_path / "none"), digest_file(tmp_path / "none")) == (FileState(-1, 0), "")


@pytest.fixture(params=["v.mhd", "v.hdr", "v"])
def volume(tmp_path, request):
    """A header, of any suffix, beside the file of its voxels."""
    write_volume(tmp_path / "v.mha", Scan(np.ones((2, 3, 4))))
    header = tmp_path / request.param
    header.write_text("ObjectType = Image\nElementDataFile = v.raw\n")
    (tmp_path / "v.raw").write_bytes(bytes(24))
    return header


def test_a_header_is_told_with_its_voxels_and_a_folder_with_its_slices(volume):
    before = [(state_file(path), digest_file(path)) for path in (volume, volume.parent)]
    (volume.parent / "v.raw").write_bytes(bytes(23) + b"1")
    after = [(state_file(path), digest_file(path)) for path in (volume, volume.parent)]
    for (state, digest), (new_state, new_digest) in zip(before, after, strict=True):
        assert state.size == new_state.size
        assert digest != new_digest


def test_a_header_that_names_no_file_is_no_fault(tmp_path):
    header = tmp_path / "h.nhdr"
    header.write_bytes(b"NRRD0004\ndata file: a\0b\n")
    assert digest_file(header)


def test_what_is_no_file_has_no_content():
    assert digest_file(Path("/dev/null")) == ""


def test_a_digest_is_read_again_when_any_slice_has_changed_but_not_before(tmp_path, monkeypatch):
    for k in (1, 2):
        (tmp_path / f"{k}.dcm").write_text("slice")
    os.utime(tmp_path / "1.dcm", ns=(0, 0))
    first = digest_unchanged(tmp_path)
    (tmp_path / ".DS_Store").write_text("what a file manager leaves")
    assert digest_unchanged(tmp_path) == first == digest_file(tmp_path)
    monkeypatch.setattr(Path, "open", None)
    assert digest_unchanged(tmp_path) == first
    monkeypatch.undo()
    (tmp_path / "1.dcm").write_text("other")  # as long as before, and not the newest
    os.utime(tmp_path / "1.dcm", ns=(1, 1))
    assert digest_unchanged(tmp_path) == digest_file(tmp_path) != first


def test_a_file_that_could_not_be_read_is_tried_again(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("x")
    monkeypatch.setattr("boneage.pipeline.batch.file_state.digest_file", lambda path: "")
    assert digest_unchanged(tmp_path / "a") == ""
    monkeypatch.undo()
    assert digest_unchanged(tmp_path / "a") == digest_file(tmp_path / "a") != ""
