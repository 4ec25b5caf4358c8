"""The two steps from an image to what an age model reads: locating its landmarks, and cropping its regions."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from boneage.imaging import Collection, NoSimilarity, Points, Scan, UnreadableScan, align_to
from boneage.imaging.array_files import read_arrays
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.located_hand import HandLandmarks, crop_located_hand, locate_hand
from boneage.pipeline.pipeline import fingerprint_localiser
from boneage.pipeline.quality import find_landmark_fault
from boneage.pipeline.training.dataset import PackedRegions
from boneage.pipeline.units import scale_to_mm
from boneage.regression import CropSpec


@dataclass(frozen=True, eq=False)
class LocatedHand:
    """A hand with its landmarks, or the fault for which there are none.

    Parameters
    ----------
    located : HandLandmarks
    spacing_mm : tuple of float or None
        Length of the original's pixels along each axis, where known.
    phantom : bool
        Whether it is synthetic.
    seconds : float
        Time that it took.
    """

    located: HandLandmarks
    spacing_mm: tuple[float, ...] | None
    phantom: bool
    seconds: float

    @property
    def true_points(self) -> Points | None:
        """The landmarks in millimetres where the length of a pixel is known, else in pixels."""
        return None if self.located.points is None else scale_to_mm(self.located.points, self.spacing_mm)

    def to_bytes(self) -> bytes:
        """Return the content of a JSON file."""
        return json.dumps([self.located.to_json(), self.spacing_mm, self.phantom, self.seconds]).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read the content of a JSON file."""
        located, spacing_mm, phantom, seconds = json.loads(content)
        return cls(HandLandmarks.from_json(located), spacing_mm and tuple(spacing_mm), bool(phantom), float(seconds))


@dataclass(frozen=True, eq=False)
class CroppedHand:
    """A hand's regions: one stack, or none and the ``fault`` for which there is none.

    Parameters
    ----------
    stacks : PackedRegions
        Of length 1 or 0.
    fault : str
    phantom : bool
        Whether it is synthetic.
    seconds : float
        Time that it took.
    """

    stacks: PackedRegions
    fault: str
    phantom: bool
    seconds: float

    def to_bytes(self) -> bytes:
        """Return the content of an NPZ file."""
        details = json.dumps([self.stacks.names, self.fault, self.phantom, self.seconds])
        buffer = io.BytesIO()
        np.savez(buffer, details=details, pixels=self.stacks.pixels, frames=self.stacks.frames)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read the content of an NPZ file."""
        data = read_arrays(io.BytesIO(content))
        names, fault, phantom, seconds = json.loads(str(data["details"]))
        stacks = PackedRegions(tuple(names), data["pixels"], data["frames"])
        return cls(stacks, str(fault), bool(phantom), float(seconds))


@dataclass(frozen=True, eq=False)
class LocateStep:
    """Reads an image and locates its landmarks; without a localiser, takes the annotated ones.

    Parameters
    ----------
    localiser : ForestLocaliser or None
    reference : Points or None
        The shape by which an annotated hand is recognised as mirrored.
    """

    localiser: ForestLocaliser | None
    reference: Points | None
    stage = "finding landmarks"

    @staticmethod
    def name_file(key: str) -> str:
        """Return the name of a result's file."""
        return f"landmarks-{key}.json"

    def describe(self, hands: Collection, id_: str) -> Any:
        """Return what the landmarks rest on, apart from the image and the code, as JSON data."""
        if self.localiser is not None:
            return [self._localiser_fingerprint, None, None]
        annotated = hands.landmarks.points.get(id_) if hands.landmarks is not None else None
        return ["annotations", describe_points(self.reference), describe_points(annotated)]

    def restrict(self, ids: Sequence[str]) -> LocateStep:
        """Return the step for some hands alone: the same for all."""
        return self

    def run(self, hands: Collection, id_: str) -> LocatedHand:
        """Locate the landmarks of a hand."""
        started = time.perf_counter()
        try:
            scan = hands.scan(id_)
        except UnreadableScan as error:
            located = HandLandmarks(None, fault=error.reason)
            return LocatedHand(located, None, False, time.perf_counter() - started)
        if self.localiser is not None:
            located = locate_hand(scan, self.localiser)
        else:
            located = _take_annotated(hands.points(id_), scan, self.reference)
        return LocatedHand(located, scan.original_spacing_mm, scan.phantom, time.perf_counter() - started)

    def read(self, content: bytes) -> LocatedHand:
        """Read the content of a result's file."""
        return LocatedHand.from_bytes(content)

    @cached_property
    def _localiser_fingerprint(self) -> str:
        assert self.localiser is not None
        return fingerprint_localiser(self.localiser)


@dataclass(frozen=True, eq=False)
class CropStep:
    """Reads an image and crops its regions by its landmarks.

    Parameters
    ----------
    crop_spec : CropSpec
    reference : Points or None
        The shape that hands are aligned to.
    located : mapping of HandLandmarks
        By id; of hands that are cropped without landmarks ``HandLandmarks(None)``.
    """

    crop_spec: CropSpec
    reference: Points | None
    located: Mapping[str, HandLandmarks]

    @property
    def stage(self) -> str:
        """What the step does, for progress."""
        return f"cropping {self.crop_spec.kind}"

    @staticmethod
    def name_file(key: str) -> str:
        """Return the name of a result's file."""
        return f"crop-{key}.npz"

    def describe(self, hands: Collection, id_: str) -> Any:
        """Return what the regions rest on, apart from the image and the code, as JSON data."""
        return [repr(self.crop_spec), describe_points(self.reference), self.located[id_].to_json()]

    def restrict(self, ids: Sequence[str]) -> CropStep:
        """Return the step for some hands alone, with no more landmarks than theirs."""
        return dataclasses.replace(self, located={id_: self.located[id_] for id_ in ids})

    def run(self, hands: Collection, id_: str) -> CroppedHand:
        """Crop the regions of a hand."""
        started = time.perf_counter()
        stack, fault, phantom = None, self.located[id_].fault, False
        if not fault:
            try:
                scan = hands.scan(id_)
            except UnreadableScan as error:
                fault = error.reason
            else:
                stack, fault = crop_located_hand(scan, self.located[id_], self.crop_spec, self.reference)
                phantom = scan.phantom
        spec = self.crop_spec
        stacks = PackedRegions.pack(spec.region_names, [] if stack is None else [stack], spec.shape, spec.ndim)
        return CroppedHand(stacks, fault, phantom, time.perf_counter() - started)

    def read(self, content: bytes) -> CroppedHand:
        """Read the content of a result's file."""
        return CroppedHand.from_bytes(content)


def describe_points(points: Points | None) -> Any:
    """Return the names and positions of landmarks as JSON data."""
    return None if points is None else [points.names, points.positions.tolist()]


def _take_annotated(points: Points | None, scan: Scan, reference: Points | None) -> HandLandmarks:
    if points is None:
        return HandLandmarks(None, fault="it has no annotated landmarks")
    mirrored = False
    if reference is not None:
        known = scale_to_mm(points, scan.original_spacing_mm).completed(reference.names).select(reference.names)
        with contextlib.suppress(NoSimilarity):
            mirrored = align_to(known.positions, reference.positions).mirrored
    return HandLandmarks(points, mirrored, fault=find_landmark_fault(points))
