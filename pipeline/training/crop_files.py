"""The steps that make what a model sees of one file, and what of each step is kept in a file of its own."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from boneage.imaging import Collection, NoSimilarity, Points, UnreadableScan, align_to
from boneage.imaging.storage import read_arrays
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import HandLandmarks, crop_located_hand, find_landmark_fault, locate_hand
from boneage.pipeline.data import scale_to_mm
from boneage.pipeline.training.dataset import PackedRegions
from boneage.regression import CropSpec


@dataclass(frozen=True, eq=False)
class LocatedFile:
    """A hand with its landmarks, or the fault for which there are none.

    Parameters
    ----------
    located : Placed
    spacing_mm : tuple of float or None
        Length of the original's pixels along each axis, where known.
    phantom : bool
        Whether it is synthetic.
    seconds : float
        Spent on it.
    """

    located: HandLandmarks
    spacing_mm: tuple[float, ...] | None
    phantom: bool
    seconds: float

    @property
    def true_points(self) -> Points | None:
        """The landmarks in millimetres where the length of a pixel is known, else in pixels."""
        return None if self.located.points is None else scale_to_mm(self.located.points, self.spacing_mm)


@dataclass(frozen=True, eq=False)
class CroppedFile:
    """A hand's regions, one or no stack; ``fault`` says why there are none."""

    stacks: PackedRegions
    fault: str
    phantom: bool
    seconds: float


def locate_file(
    hands: Collection, id_: str, *, localiser: ForestLocaliser | None, reference: Points | None
) -> LocatedFile:
    """Read an image and find its landmarks; without a localiser, take the annotated ones."""
    begun = time.perf_counter()
    try:
        scan = hands.scan(id_)
    except UnreadableScan as error:
        return LocatedFile(HandLandmarks(None, fault=error.reason), None, False, time.perf_counter() - begun)
    located = locate_hand(scan, localiser) if localiser is not None else _place_annotated(hands, id_, reference)
    return LocatedFile(located, scan.original_spacing_mm, scan.phantom, time.perf_counter() - begun)


def crop_file(
    hands: Collection, id_: str, *, located: Mapping[str, HandLandmarks], crop_spec: CropSpec, reference: Points | None
) -> CroppedFile:
    """Read an image again and cut it by its landmarks."""
    begun = time.perf_counter()
    stack, fault, phantom = None, located[id_].fault, False
    if not fault:
        try:
            scan = hands.scan(id_)
        except UnreadableScan as error:
            fault = error.reason
        else:
            stack, fault = crop_located_hand(scan, located[id_], crop_spec, reference)
            phantom = scan.phantom
    stacks = PackedRegions.pack(
        crop_spec.region_names, [] if stack is None else [stack], crop_spec.shape, crop_spec.ndim
    )
    return CroppedFile(stacks, fault, phantom, time.perf_counter() - begun)


def pack_located(hand: LocatedFile) -> bytes:
    """Return a file's content."""
    return json.dumps([hand.located.to_json(), hand.spacing_mm, hand.phantom, hand.seconds]).encode()


def unpack_located(content: bytes) -> LocatedFile:
    """Read a file's content."""
    located, spacing_mm, phantom, seconds = json.loads(content)
    return LocatedFile(
        HandLandmarks.from_json(located), spacing_mm and tuple(spacing_mm), bool(phantom), float(seconds)
    )


def pack_cropped(hand: CroppedFile) -> bytes:
    """Return a file's content."""
    told = json.dumps([hand.stacks.names, hand.fault, hand.phantom, hand.seconds])
    buffer = io.BytesIO()
    np.savez(buffer, told=told, pixels=hand.stacks.pixels, frames=hand.stacks.frames)
    return buffer.getvalue()


def unpack_cropped(content: bytes) -> CroppedFile:
    """Read a file's content."""
    data = read_arrays(io.BytesIO(content))
    names, fault, phantom, seconds = json.loads(str(data["told"]))
    stacks = PackedRegions(tuple(names), data["pixels"], data["frames"])
    return CroppedFile(stacks, str(fault), bool(phantom), float(seconds))


def _place_annotated(hands: Collection, id_: str, reference: Points | None) -> HandLandmarks:
    points = hands.points(id_)
    if points is None:
        return HandLandmarks(None, fault="it has no annotated landmarks")
    places = scale_to_mm(points, hands.scan(id_).original_spacing_mm).positions
    try:
        mirrored = reference is not None and align_to(places, reference.positions).mirrored
    except NoSimilarity:
        mirrored = False
    return HandLandmarks(points, mirrored, find_landmark_fault(points))
