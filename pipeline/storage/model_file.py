"""Model files: one ``.boneage`` zip of JSON and plain arrays. Loading one runs no code.

Layout: ``model.json`` (format number, kind, versions, settings, training summary, and the dtype and shape of
every array) and one raw little-endian file per array under ``arrays/``. The archive's comment ends in the
SHA-256 of all bytes before it, so that a file with a changed byte, or one that is cut short, is noticed.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.errors import InvalidModelFile
from boneage.pipeline.storage.migration import migrate
from boneage.pipeline.storage.output import write_result

FORMAT = 7
_COMMENT = b"boneage model sha256:"
_DIGEST_LENGTH = 64
_LARGEST_ARRAY_BYTES = 1 << 30
_LARGEST_MODEL_BYTES = 2 << 30  # all arrays together
_LARGEST_HEADER_BYTES = 64 << 20
_DAMAGED = (
    KeyError, TypeError, AttributeError, EOFError, NotImplementedError, RecursionError, OverflowError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date in the archive: the same model gives the same bytes


@dataclass(frozen=True, eq=False)
class ModelFile:
    """What a model file holds.

    Parameters
    ----------
    kind : str
        ``"localiser"`` or ``"pipeline"``.
    settings : dict
        Plain JSON data that rebuilds the model together with ``arrays``.
    arrays : dict of ndarray
        Boolean, integer or floating-point arrays by name.
    summary : dict
        What the model was trained on, for people to read.
    version : str
        Version of boneage that wrote it.
    sha256 : str
        Digest of the file; "" before it is saved.
    """

    kind: str
    settings: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    summary: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    sha256: str = ""


def save_model(path: Path | str, model: ModelFile) -> str:
    """Write a model file atomically and return its SHA-256; see :func:`~boneage.pipeline.storage.output.write_result`.

    Raises
    ------
    ValueError
        If an array is not of numbers, or settings are not plain JSON data.
    UnusableOutput
        If the file cannot be written; it says where the model is instead.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in model.arrays.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise ValueError(f"array {name!r} must hold numbers, got dtype {array.dtype}")
    header = {
        "format": FORMAT,
        "kind": model.kind,
        "boneage_version": version("boneage"),
        "settings": model.settings,
        "summary": model.summary,
        "arrays": {n: {"dtype": a.dtype.newbyteorder("<").str, "shape": a.shape} for n, a in arrays.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        _write_member(archive, "model.json", json.dumps(header, indent=1, allow_nan=False).encode())
        for name, array in arrays.items():
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            _write_member(archive, f"arrays/{name}", little.tobytes())
        archive.comment = _COMMENT + b"0" * _DIGEST_LENGTH
    content = buffer.getvalue()[:-_DIGEST_LENGTH]
    digest = hashlib.sha256(content).hexdigest()
    content += digest.encode()
    write_result(path, content)
    return hashlib.sha256(content).hexdigest()


def load_model(path: Path | str, *, kind: str | None = None) -> ModelFile:
    """Read and check a model file.

    Parameters
    ----------
    path : path-like
    kind : str, optional
        The kind that is needed; any kind is taken if not given.

    Raises
    ------
    InvalidModelFile
        If the file is missing, not a model, truncated, changed, of a newer format, or of another kind.
    """
    path = Path(path)
    content = _read_checked(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            header = _read_header(archive)
            _check_format(path, header)
            _check_sizes(header["arrays"])
            arrays = {name: _read_array(archive, name, spec) for name, spec in header["arrays"].items()}
        settings, arrays = migrate(str(header["kind"]), header["format"], header["settings"], arrays)
        model = ModelFile(
            kind=str(header["kind"]),
            settings=settings,
            arrays=arrays,
            summary=header["summary"],
            version=str(header["boneage_version"]),
            sha256=hashlib.sha256(content).hexdigest(),
        )
    except _DAMAGED as error:
        raise InvalidModelFile(path, f"its contents are not those of a model ({error})") from error
    except InvalidModelFile:
        raise
    except ValueError as error:
        raise InvalidModelFile(path, str(error)) from error
    if kind is not None and model.kind != kind:
        raise InvalidModelFile(path, f"holds a model of kind {model.kind!r}, but one of kind {kind!r} is needed")
    return model


def _write_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, date_time=_EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, content)


def _read_checked(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InvalidModelFile(path, "there is no such file") from None
    except OSError as error:
        raise InvalidModelFile(path, f"cannot be read ({os.strerror(error.errno or 0)})") from error
    if not content.startswith(b"PK\x03\x04"):
        raise InvalidModelFile(path, "is not a boneage model file")
    body, digest = content[:-_DIGEST_LENGTH], content[-_DIGEST_LENGTH:]
    if body.endswith(_COMMENT) and hashlib.sha256(body).hexdigest().encode() == digest:
        return content
    if zipfile.is_zipfile(io.BytesIO(content)) and not body.endswith(_COMMENT):
        raise InvalidModelFile(path, "is a zip archive, but not a boneage model file")
    raise InvalidModelFile(path, "is damaged: it is cut short, or was changed after it was written")


def _check_format(path: Path, header: Mapping[str, Any]) -> None:
    number = header["format"]
    if not isinstance(number, int) or number < 1:
        raise InvalidModelFile(path, f"has an unknown format number {number!r}")
    if number > FORMAT:
        raise InvalidModelFile(
            path,
            f"was written by a newer boneage ({header.get('boneage_version', 'unknown version')}, format "
            f"{number}); this one reads up to format {FORMAT}: update boneage",
        )


def _read_header(archive: zipfile.ZipFile) -> dict[str, Any]:
    if archive.getinfo("model.json").file_size > _LARGEST_HEADER_BYTES:
        raise ValueError(f"its model.json is larger than {_LARGEST_HEADER_BYTES >> 20} MB")
    header = json.loads(archive.read("model.json"))
    if not isinstance(header, dict):
        raise ValueError("its model.json is no object")
    return header


def _check_sizes(specs: Mapping[str, Any]) -> None:
    """Refuse arrays that take more memory together than a model may, before any is unpacked."""
    total = sum(_count_bytes(name, spec) for name, spec in specs.items())
    if total > _LARGEST_MODEL_BYTES:
        raise ValueError(f"its arrays take {total >> 20:,} MB, at most {_LARGEST_MODEL_BYTES >> 20:,} are read")


def _count_bytes(name: str, spec: Mapping[str, Any]) -> int:
    dtype, shape = np.dtype(spec["dtype"]), tuple(int(n) for n in spec["shape"])
    size = math.prod(shape) * int(dtype.itemsize)
    if dtype.kind not in "biuf" or any(n < 0 for n in shape) or size > _LARGEST_ARRAY_BYTES:
        raise ValueError(f"array {name!r} has an impossible dtype or shape ({dtype}, {shape})")
    return size


def _read_array(archive: zipfile.ZipFile, name: str, spec: Mapping[str, Any]) -> NDArray[Any]:
    dtype, shape = np.dtype(spec["dtype"]), tuple(int(n) for n in spec["shape"])
    if archive.getinfo(f"arrays/{name}").file_size != _count_bytes(name, spec):
        raise ValueError(f"array {name!r} does not have the size that model.json says")
    return np.frombuffer(archive.read(f"arrays/{name}"), dtype=dtype).reshape(shape).copy()
