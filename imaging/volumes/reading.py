"""Volumes and flat pictures in NIfTI, MetaImage and NRRD files, read through SimpleITK."""

from __future__ import annotations

import gzip
import math
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from boneage.imaging.errors import UnreadableScan
from boneage.imaging.frames import Frame
from boneage.imaging.identifiers import scan_id
from boneage.imaging.limits import check_size
from boneage.imaging.scans import PHANTOM_DESCRIPTION, Scan
from boneage.imaging.volumes.building import build_volume, check_numbers, check_volume_size
from boneage.imaging.volumes.headers import (
    NiftiHeader,
    VolumeFormat,
    find_long_line,
    find_voxel_file,
    is_gzip,
    read_nifti_header,
    read_text_header,
)

_READERS = {"nifti": "NiftiImageIO", "meta": "MetaImageIO", "nrrd": "NrrdImageIO"}
NOTES_FIELD = "ITK_FileNotes"  # SimpleITK's name for NIfTI's field descrip; a field of that name in the other formats


def read_volume_file(path: Path, format: VolumeFormat) -> Scan:
    """Read a volume, or a flat picture, from a NIfTI, MetaImage or NRRD file.

    1. Read the header: the file must be complete, and a volume must have a spacing.
    2. Refuse what is no volume of grey values, or too large, before decoding.
    3. Decode, with the file's scaling of grey values, and bring the axes into the usual order.

    Parameters
    ----------
    path : Path
    format : {"nifti", "meta", "nrrd"}

    Returns
    -------
    Scan
        Of three axes and modality ``"mri"``, or of two and ``"xray"``.

    Raises
    ------
    UnreadableScan
        If the file is broken or truncated, or its content is neither.
    """
    if format != "nifti":
        line = find_long_line(path) if format == "nrrd" else None
        if line is not None:
            raise UnreadableScan(path, f"line {line} of its header is longer than any field of an NRRD file")
        fields = read_text_header(path)
        _check_data_file(path, find_voxel_file(fields))
        return _read(path, path, format, _has_spacing(fields))
    try:
        header = read_nifti_header(path)
        _check_shape(path, header.shape)
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "scan.nii"  # the reader detects the format by the suffix
            _unpack(path, header, plain)
            if header.floats is not None:  # the reader would turn NaN into 0
                voxels = np.memmap(plain, header.floats, "r", header.start, header.shape)
                check_numbers(path, voxels)
            return _read(path, plain, format, header.has_spacing)
    except ValueError as error:
        raise UnreadableScan(path, str(error)) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableScan(path, f"is broken or cut short ({error})") from error


def _check_data_file(path: Path, name: str | None) -> None:
    if name is not None and (Path(name).name != name or not (path.parent / name).is_file()):
        raise UnreadableScan(path, f"the file of its voxels, {name!r}, is not beside it")


def _has_spacing(fields: dict[str, str]) -> bool:
    names = ("elementspacing", "elementsize", "spacings", "space directions")
    spacings = [fields[name] for name in names if name in fields]
    return bool(spacings) and "nan" not in spacings[0].lower()


def _unpack(path: Path, header: NiftiHeader, plain: Path) -> None:
    """Unpack a NIfTI file to ``plain`` and check its length: the reader would fill a missing end with zeros."""
    if is_gzip(path):
        with gzip.open(path) as packed, plain.open("wb") as file:
            n_left = header.n_bytes
            while n_left and (part := packed.read(min(n_left, 2**20))):
                n_left -= file.write(part)
    else:
        plain.symlink_to(path.resolve())
        n_left = header.n_bytes - path.stat().st_size
    if n_left > 0:
        raise ValueError(f"is cut short: {n_left:,} bytes of {header.n_bytes:,} are missing")


def _read(path: Path, source: Path, format: VolumeFormat, has_spacing: bool) -> Scan:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(source))
    reader.SetImageIO(_READERS[format])
    try:
        reader.ReadImageInformation()
        _check_kind(path, reader, has_spacing)
        image = reader.Execute()
    except RuntimeError as error:
        skewed = "orthonormal" in str(error)
        reason = "the axes of the volume are not perpendicular" if skewed else "is broken or cut short"
        raise UnreadableScan(path, reason) from error
    voxels = np.asarray(SimpleITK.GetArrayViewFromImage(image), dtype=np.float32)
    phantom = image.HasMetaDataKey(NOTES_FIELD) and image.GetMetaData(NOTES_FIELD).startswith(PHANTOM_DESCRIPTION)
    spacing = np.array(image.GetSpacing())
    if image.GetDimension() == 2:
        spacing_mm = tuple(spacing[::-1].tolist()) if has_spacing else None
        return Scan(voxels, spacing_mm, "mm" if has_spacing else "relative", source=scan_id(path), phantom=phantom)
    linear = np.reshape(image.GetDirection(), (3, 3)) * spacing
    return build_volume(path, voxels, Frame.from_linear(linear[:, ::-1], image.GetOrigin()), phantom=phantom)


def _check_kind(path: Path, reader: Any, has_spacing: bool) -> None:
    import SimpleITK

    shape = reader.GetSize()[::-1]
    _check_shape(path, shape)
    kind = SimpleITK.GetPixelIDValueAsString(reader.GetPixelID())
    if reader.GetNumberOfComponents() > 1 or "complex" in kind:
        raise UnreadableScan(path, f"is not a grey-value image ({kind})")
    if len(shape) == 3 and (not has_spacing or min(reader.GetSpacing()) <= 0):
        raise UnreadableScan(path, "does not state the spacing of its voxels")


def _check_shape(path: Path, shape: tuple[int, ...]) -> None:
    """Refuse a file by the lengths of its axes, (…, k, j, i)."""
    if len(shape) < 2:
        raise UnreadableScan(path, "has a single axis; a volume has three")
    if len(shape) == 2:
        check_size(path, *shape)
    elif len(shape) == 3:
        check_volume_size(path, shape)
    else:
        raise UnreadableScan(path, f"is a series of {math.prod(shape[:-3])} volumes; give one")
