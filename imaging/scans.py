"""The image type of all packages: bright bones on dark, float32, with the metadata of its file."""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame

Modality = Literal["xray", "mri"]
SpacingUnit = Literal["mm", "relative"]
Laterality = Literal["L", "R"]
Sex = Literal["F", "M"]

LONGEST_LIFE_MONTHS = 2400.0

PHANTOM_DESCRIPTION = "boneage phantom"
"""Start of the description in a file of a synthetic hand."""


@dataclass(frozen=True, eq=False)
class Scan:
    """A radiograph (2D) or a volume (3D). Never mutated: ``pixels`` is read-only.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (planes, rows, columns)
        Grey values; stored as read-only float32, a copy unless they are that already. Must be finite and not empty.
    spacing : tuple of float, optional
        Length of a pixel along each axis, in ``spacing_unit``; all ones if not given. Only the ratio of the axes
        means something when the unit is ``"relative"``.
    spacing_unit : {"mm", "relative"}
    modality : {"xray", "mri"}
    laterality : {"L", "R"} or None
        Side of the hand, where the file states it.
    sex : {"F", "M"} or None
    age_months : float or None
        Chronological age in the file; reported, never used to estimate the bone age.
    study_date : datetime.date or None
    source : str
        Name used in messages and tables, usually the file's stem.
    original_shape : tuple of int, optional
        Shape of the original that this file is a resized copy of, or that this volume is a reordered copy of.
        Annotations use the original's pixel grid. The shape of ``pixels`` if not given.
    to_original : Frame, optional
        Map from these pixels to the original's, for a volume whose axes were brought to the usual order; a change of
        size alone if not given.
    to_patient : Frame, optional
        Map from the *original's* pixels, (plane, row, column), to millimetres towards the patient's left, back and
        head (x, y, z of DICOM's LPS), where the file states it.
    phantom : bool
        Whether the picture is synthetic; every result made from it is labelled so.
    remarks : tuple of str
        What in the file makes it doubtful as a radiograph of a hand, or was ignored, a sentence each.

    Raises
    ------
    ValueError
        If a field is outside what is described above.

    Examples
    --------
    >>> scan = Scan(np.zeros((40, 30)), source="7").as_resized_copy_of((80, 90))
    >>> scan.spacing
    (2.0, 3.0)
    >>> scan.frame_to_original().apply([[0.0, 0.0]]).tolist()
    [[0.5, 1.0]]
    """

    pixels: NDArray[np.float32]
    spacing: tuple[float, ...] | None = None
    spacing_unit: SpacingUnit = "relative"
    modality: Modality = "xray"
    laterality: Laterality | None = None
    sex: Sex | None = None
    age_months: float | None = None
    study_date: datetime.date | None = None
    source: str = ""
    original_shape: tuple[int, ...] | None = None
    phantom: bool = False
    to_original: Frame | None = None
    to_patient: Frame | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        pixels = self.pixels if _is_frozen(self.pixels) else np.array(self.pixels, dtype=np.float32, order="C")
        if pixels.ndim not in (2, 3) or pixels.size == 0:
            raise ValueError(f"pixels must be 2D or 3D and not empty, got shape {pixels.shape}")
        if not np.isfinite(pixels).all():
            raise ValueError("pixels must be finite, got NaN or infinity")
        pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "spacing", _check_spacing(self.spacing, pixels.ndim))
        object.__setattr__(self, "original_shape", _check_shape(self.original_shape, pixels.shape))
        _check_choice("spacing_unit", self.spacing_unit, ("mm", "relative"))
        _check_choice("modality", self.modality, ("xray", "mri"))
        _check_choice("laterality", self.laterality, ("L", "R", None))
        _check_choice("sex", self.sex, ("F", "M", None))
        if self.age_months is not None and not 0 <= self.age_months < LONGEST_LIFE_MONTHS:
            raise ValueError(f"age_months must be between 0 and {LONGEST_LIFE_MONTHS:g}, got {self.age_months}")
        for name in ("to_original", "to_patient"):
            frame = getattr(self, name)
            if frame is not None and frame.ndim != pixels.ndim:
                raise ValueError(f"{name} must have {pixels.ndim} axes, got {frame.ndim}")

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return self.pixels.ndim

    @property
    def spacing_array(self) -> NDArray[np.float64]:
        """``spacing`` as an array of shape (ndim,)."""
        return np.asarray(self.spacing, dtype=np.float64)

    def frame_to_original(self) -> Frame:
        """Return the map from this file's pixels to the original's pixels (the identity if it is no copy)."""
        if self.to_original is not None:
            return self.to_original
        assert self.original_shape is not None
        return Frame.resize(self.pixels.shape, self.original_shape)

    @property
    def true_size(self) -> NDArray[np.float64]:
        """Size of the field of view in true proportions, shape (ndim,): in mm where the file states its spacing."""
        return np.asarray(np.array(self.pixels.shape) * self.spacing_array)

    @property
    def original_spacing_mm(self) -> tuple[float, ...] | None:
        """Length of the original's pixels along each axis, where the file states it in millimetres."""
        if self.spacing_unit != "mm":
            return None
        to_here = self.frame_to_original().inverse().matrix[:-1, :-1]
        return tuple(float(length) for length in np.linalg.norm(to_here * self.spacing_array[:, None], axis=0))

    def frame_to_true(self) -> Frame:
        """Return the map from this file's pixels to true proportions, in units of the spacing."""
        return Frame.from_linear(np.diag(self.spacing_array), np.zeros(self.ndim))

    def frame_from_original_to_true(self) -> Frame:
        """Return the map from the original's pixels to true proportions, in units of the spacing."""
        return self.frame_to_true().compose(self.frame_to_original().inverse())

    def negative(self) -> Scan:
        """Return the scan with black and white swapped."""
        pixels = self.pixels.max() + self.pixels.min() - self.pixels
        pixels.flags.writeable = False
        return dataclasses.replace(self, pixels=pixels)

    def as_resized_copy_of(self, original_shape: tuple[int, ...]) -> Scan:
        """Return the scan as a resized copy of an original of ``original_shape``.

        The spacing is multiplied by the ratio of the shapes along each axis, so that a hand squashed to a square has
        its true proportions. A spacing in mm is taken to be the original's.
        """
        ratio = np.asarray(original_shape, dtype=np.float64) / np.asarray(self.pixels.shape)
        spacing = tuple(float(s) for s in self.spacing_array * ratio)
        return dataclasses.replace(self, spacing=spacing, original_shape=tuple(original_shape))


def _is_frozen(pixels: object) -> bool:
    """Return whether pixels are stored as a scan's are, and nobody can change them: then they need no copy."""
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.float32:
        return False
    return pixels.flags.owndata and pixels.flags.c_contiguous and not pixels.flags.writeable


def _check_spacing(spacing: tuple[float, ...] | None, ndim: int) -> tuple[float, ...]:
    values = (1.0,) * ndim if spacing is None else tuple(float(s) for s in spacing)
    if len(values) != ndim or not all(np.isfinite(s) and s > 0 for s in values):
        raise ValueError(f"spacing must be {ndim} positive numbers, got {spacing}")
    return values


def _check_shape(shape: tuple[int, ...] | None, pixels_shape: tuple[int, ...]) -> tuple[int, ...]:
    values = pixels_shape if shape is None else tuple(int(n) for n in shape)
    if len(values) != len(pixels_shape) or min(values) < 1:
        raise ValueError(f"original_shape must be {len(pixels_shape)} positive integers, got {shape}")
    return values


def _check_choice(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {allowed}, got {value!r}")
