from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from boneage.imaging.errors import InvalidModelFile
from boneage.pipeline.storage.model_file import FORMAT, ModelFile, load_model, save_model

MODEL = ModelFile(
    kind="localiser",
    settings={"trees": 8, "nested": {"names": ["radius", "ulna"]}},
    arrays={
        "leaves": np.arange(12, dtype=np.float32).reshape(3, 4),
        "children": np.array([[1, -1]], dtype=np.int32),
        "flags": np.array([True, False]),
        "scalar": np.array(2.5),
        "empty": np.zeros((0, 2)),
    },
    summary={"n_hands": 43},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small saved model."""
    path = tmp_path / "model.boneage"
    save_model(path, MODEL)
    return path


def _reseal(path: Path, header_change: dict[str, object]) -> None:
    """Rewrite the header and give the file a digest that fits, as somebody who means harm would."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members["model.json"])
    header.update(header_change)
    members["model.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = b"boneage model sha256:" + b"0" * 64
    body = path.read_bytes()[:-64]
    path.write_bytes(body + hashlib.sha256(body).hexdigest().encode())


def test_what_is_saved_is_loaded(path: Path) -> None:
    loaded = load_model(path, kind="localiser")
    assert loaded.settings == MODEL.settings
    assert loaded.summary == MODEL.summary
    assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(loaded.arrays) == set(MODEL.arrays)
    for name, array in MODEL.arrays.items():
        np.testing.assert_array_equal(loaded.arrays[name], array)
        assert loaded.arrays[name].dtype == array.dtype
        assert loaded.arrays[name].flags.writeable


def test_the_same_model_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    digest = save_model(tmp_path / "again.boneage", MODEL)
    assert (tmp_path / "again.boneage").read_bytes() == path.read_bytes()
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_any_changed_byte_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x10
        path.write_bytes(changed)
        with pytest.raises(InvalidModelFile):
            load_model(path)


@pytest.mark.parametrize("kept", [0, 1, 3, 4, 30, 0.5, 0.9, -1, -64, -65])
def test_a_truncated_file_is_refused(path: Path, kept: float) -> None:
    content = path.read_bytes()
    length = int(kept * len(content)) if isinstance(kept, float) else kept
    path.write_bytes(content[:length])
    with pytest.raises(InvalidModelFile, match=r"not a boneage model|damaged"):
        load_model(path)


def test_a_newer_format_says_to_update(path: Path) -> None:
    _reseal(path, {"format": FORMAT + 1, "boneage_version": "9.0"})
    with pytest.raises(InvalidModelFile, match=rf"newer boneage \(9\.0, format {FORMAT + 1}\).*update"):
        load_model(path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x89PNG\r\n\x1a\n" + b"\0" * 200])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture.boneage"
    path.write_bytes(content)
    with pytest.raises(InvalidModelFile, match=r"picture\.boneage: is not a boneage model file"):
        load_model(path)


def test_another_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InvalidModelFile, match="a zip archive, but not a boneage model"):
        load_model(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidModelFile, match="there is no such file"):
        load_model(tmp_path / "none.boneage")
    with pytest.raises(InvalidModelFile, match="cannot be read"):
        load_model(tmp_path)


def test_another_kind_is_refused(path: Path) -> None:
    with pytest.raises(InvalidModelFile, match="'localiser', but one of kind 'pipeline' is needed"):
        load_model(path, kind="pipeline")


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"leaves": {"dtype": "<f4", "shape": [3, 5]}}, "does not have the size"),
        ({"leaves": {"dtype": "|O", "shape": [3, 4]}}, "impossible dtype"),
        ({"leaves": {"dtype": "<f4", "shape": [-3, -4]}}, "impossible dtype or shape"),
        ({"leaves": {"dtype": "<f4", "shape": [1 << 40, 1 << 40]}}, "impossible dtype or shape"),
        ({"leaves": {"dtype": "<f4", "shape": [float("inf")]}}, "not those of a model"),
        ({str(k): {"dtype": "|u1", "shape": [1 << 30]} for k in range(3)}, "its arrays take 3,072 MB, at most 2,048"),
        ({"absent": {"dtype": "<f4", "shape": [1]}}, "not those of a model"),
        ({"leaves": {"dtype": "nonsense", "shape": [1]}}, "not those of a model"),
    ],
)
def test_a_resealed_lie_about_arrays_is_refused(path: Path, arrays: dict[str, object], reason: str) -> None:
    _reseal(path, {"arrays": arrays})
    with pytest.raises(InvalidModelFile, match=reason):
        load_model(path)


def test_arrays_of_objects_are_not_saved(tmp_path: Path) -> None:
    model = ModelFile("localiser", {}, {"bad": np.array([{}], dtype=object)})
    with pytest.raises(ValueError, match="'bad' must hold numbers"):
        save_model(tmp_path / "bad.boneage", model)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_deflate_stream_under_a_right_digest_is_a_damaged_file(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("arrays/leaves")
    content = bytearray(path.read_bytes())
    start = member.header_offset + 30 + len(member.filename)
    content[start : start + member.compress_size] = b"\xff" * member.compress_size
    body = bytes(content[:-64])
    path.write_bytes(body + hashlib.sha256(body).hexdigest().encode())
    with pytest.raises(InvalidModelFile, match=r"model\.boneage: its contents are not those of a model"):
        load_model(path)
