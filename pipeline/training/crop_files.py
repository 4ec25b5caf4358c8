"""The steps that make what a model sees of one file, and what of each step is kept in a file of its own."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from boneage.imaging import Collection, NoSimilarity, Points, UnreadableScan, lay_upon
from boneage.imaging.storage import read_arrays
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Placed, cut_hand, find_fault, place_hand
from boneage.pipeline.data import to_millimetres
from boneage.pipeline.training.dataset import StoredStacks
from boneage.regression import Cutting


@dataclass(frozen=True, eq=False)
class PlacedHand:
    """A hand with its landmarks, or the fault for which there are none.

    Parameters
    ----------
    placed : Placed
    spacing_mm : tuple of float or None
        Length of the original's pixels along each axis, where known.
    phantom : bool
        Whether it is synthetic.
    seconds : float
        Spent on it.
    """

    placed: Placed
    spacing_mm: tuple[float, ...] | None
    phantom: bool
    seconds: float

    @property
    def true_points(self) -> Points | None:
        """The landmarks in millimetres where the length of a pixel is known, else in pixels."""
        return None if self.placed.points is None else to_millimetres(self.placed.points, self.spacing_mm)


@dataclass(frozen=True, eq=False)
class CutHand:
    """A hand's regions, one or no stack; ``fault`` says why there are none."""

    stacks: StoredStacks
    fault: str
    phantom: bool
    seconds: float


def place_file(
    hands: Collection, id_: str, *, localiser: ForestLocaliser | None, reference: Points | None
) -> PlacedHand:
    """Read an image and find its landmarks; without a localiser, take the annotated ones."""
    begun = time.perf_counter()
    try:
        scan = hands.scan(id_)
    except UnreadableScan as error:
        return PlacedHand(Placed(None, fault=error.reason), None, False, time.perf_counter() - begun)
    placed = place_hand(scan, localiser) if localiser is not None else _place_annotated(hands, id_, reference)
    return PlacedHand(placed, scan.original_spacing_mm, scan.phantom, time.perf_counter() - begun)


def cut_file(
    hands: Collection, id_: str, *, placed: Mapping[str, Placed], cutting: Cutting, reference: Points | None
) -> CutHand:
    """Read an image again and cut it by its landmarks."""
    begun = time.perf_counter()
    stack, fault, phantom = None, placed[id_].fault, False
    if not fault:
        try:
            scan = hands.scan(id_)
        except UnreadableScan as error:
            fault = error.reason
        else:
            stack, fault = cut_hand(scan, placed[id_], cutting, reference)
            phantom = scan.phantom
    stacks = StoredStacks.pack(cutting.region_names, [] if stack is None else [stack], cutting.shape, cutting.ndim)
    return CutHand(stacks, fault, phantom, time.perf_counter() - begun)


def pack_placed(hand: PlacedHand) -> bytes:
    """Return a file's content."""
    return json.dumps([hand.placed.to_json(), hand.spacing_mm, hand.phantom, hand.seconds]).encode()


def unpack_placed(content: bytes) -> PlacedHand:
    """Read a file's content."""
    placed, spacing_mm, phantom, seconds = json.loads(content)
    return PlacedHand(Placed.from_json(placed), spacing_mm and tuple(spacing_mm), bool(phantom), float(seconds))


def pack_cut(hand: CutHand) -> bytes:
    """Return a file's content."""
    told = json.dumps([hand.stacks.names, hand.fault, hand.phantom, hand.seconds])
    buffer = io.BytesIO()
    np.savez(buffer, told=told, pixels=hand.stacks.pixels, frames=hand.stacks.frames)
    return buffer.getvalue()


def unpack_cut(content: bytes) -> CutHand:
    """Read a file's content."""
    data = read_arrays(io.BytesIO(content))
    names, fault, phantom, seconds = json.loads(str(data["told"]))
    stacks = StoredStacks(tuple(names), data["pixels"], data["frames"])
    return CutHand(stacks, str(fault), bool(phantom), float(seconds))


def _place_annotated(hands: Collection, id_: str, reference: Points | None) -> Placed:
    points = hands.points(id_)
    if points is None:
        return Placed(None, fault="it has no annotated landmarks")
    places = to_millimetres(points, hands.scan(id_).original_spacing_mm).positions
    try:
        mirrored = reference is not None and lay_upon(places, reference.positions).mirrored
    except NoSimilarity:
        mirrored = False
    return Placed(points, mirrored, find_fault(points))
