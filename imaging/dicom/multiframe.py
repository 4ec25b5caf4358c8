"""Reading a DICOM file of several frames with positions (enhanced MR)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from boneage.imaging.dicom.datasets import brighten, check_grey, read_fields
from boneage.imaging.dicom.geometry import locate_slice, stack_slices
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.scans import Scan
from boneage.imaging.volumes.building import build_volume, check_volume_size


def read_frames(path: Path, data: Any) -> Scan:
    """Read the frames of an enhanced MR image as a volume; each is rescaled by its slope and intercept.

    Frames are sorted by their position, not by their order in the file.

    Parameters
    ----------
    path : Path
    data : pydicom.Dataset
        With its pixels.

    Returns
    -------
    Scan

    Raises
    ------
    UnreadableScan
        If the modality is not MR, it is in colour, or its frames are no regular stack.
    """
    check_modality(path, data)
    check_grey(path, data)
    n_frames = int(data.get("NumberOfFrames") or 1)
    check_volume_size(path, (n_frames, int(data.Rows), int(data.Columns)))
    groups = [_Groups(data, k) for k in range(n_frames)]
    order, to_patient = stack_slices(
        path,
        [
            locate_slice(
                path,
                f"frame {k}",
                group.get("PlanePositionSequence", "ImagePositionPatient"),
                group.get("PlaneOrientationSequence", "ImageOrientationPatient"),
                group.get("PixelMeasuresSequence", "PixelSpacing"),
            )
            for k, group in enumerate(groups, start=1)
        ],
    )
    voxels = np.asarray(data.pixel_array, dtype=np.float32)[order]
    scaling = "PixelValueTransformationSequence"
    for plane, k in zip(voxels, order, strict=True):
        slope, intercept = (groups[k].get(scaling, name) for name in ("RescaleSlope", "RescaleIntercept"))
        if slope is not None:
            plane *= float(slope)
            plane += float(intercept or 0)
    return build_volume(path, brighten(voxels, data), to_patient, **read_fields(data))


def is_volume(data: Any) -> bool:
    """Return whether a data set is a volume of frames: one with frames of which each has fields of its own.

    A single such frame that is not MR is a radiograph in the newer form.
    """
    several = int(data.get("NumberOfFrames") or 1) > 1 or str(data.get("Modality", "")) == "MR"
    return several and "PerFrameFunctionalGroupsSequence" in data


def check_modality(path: Path, data: Any) -> None:
    """Refuse a volume that is not MR."""
    modality = str(data.get("Modality") or "an unknown kind")
    if modality != "MR":
        raise UnreadableScan(path, f"is a volume of {modality}; only MR is read")


class _Groups:
    """The functional groups of one frame: those of the frame alone, then those shared by all frames."""

    def __init__(self, data: Any, k: int) -> None:
        frames = data.PerFrameFunctionalGroupsSequence
        if len(frames) <= k:
            raise ValueError(f"declares {data.NumberOfFrames} frames, describes {len(frames)}")
        self._groups = [frames[k], *data.get("SharedFunctionalGroupsSequence", [])]

    def get(self, sequence: str, field: str) -> Any:
        """Return a field of a group; None if neither has it."""
        for group in self._groups:
            for item in group.get(sequence, []):
                if field in item:
                    return item.get(field)
        return None
