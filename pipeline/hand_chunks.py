"""The steps that make hands of many files, some files at a time, and what of them is kept in a file."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass

import numpy as np

from boneage.imaging import Collection, NoSimilarity, Points, UnreadableScan, lay_upon
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Placed, cut_hand, find_fault, place_hand
from boneage.pipeline.hands import StoredStacks
from boneage.regression import Cutting, RegionStack


@dataclass(frozen=True, eq=False)
class PlacedHands:
    """Some hands with their landmarks, or the fault for which there are none; ``seconds`` were spent on all of them."""

    placed: dict[str, Placed]
    phantoms: frozenset[str]
    seconds: float


@dataclass(frozen=True, eq=False)
class CutHands:
    """Some hands with their regions, those that have any; ``faults`` by id say why others have none."""

    ids: tuple[str, ...]
    stacks: StoredStacks
    faults: dict[str, str]
    phantoms: frozenset[str]
    seconds: float


def place_chunk(hands: Collection, localiser: ForestLocaliser | None, reference: Points | None) -> PlacedHands:
    """Read some images and find their landmarks; without a localiser, take the annotated ones."""
    placed: dict[str, Placed] = {}
    phantoms = set()
    begun = time.perf_counter()
    for id_ in hands.ids:
        try:
            scan = hands.scan(id_)
        except UnreadableScan as error:
            placed[id_] = Placed(None, fault=error.reason)
            continue
        if scan.phantom:
            phantoms.add(id_)
        placed[id_] = place_hand(scan, localiser) if localiser is not None else _place_annotated(hands, id_, reference)
    return PlacedHands(placed, frozenset(phantoms), time.perf_counter() - begun)


def cut_chunk(hands: Collection, placed: dict[str, Placed], cutting: Cutting, reference: Points | None) -> CutHands:
    """Read some images again and cut them by their landmarks."""
    stacks: dict[str, RegionStack] = {}
    faults: dict[str, str] = {}
    phantoms = set()
    begun = time.perf_counter()
    for id_ in hands.ids:
        fault = placed[id_].fault
        stack = None
        if not fault:
            try:
                scan = hands.scan(id_)
            except UnreadableScan as error:
                fault = error.reason
            else:
                stack, fault = cut_hand(scan, placed[id_], cutting, reference)
                if scan.phantom:
                    phantoms.add(id_)
        if stack is None:
            faults[id_] = fault
        else:
            stacks[id_] = stack
    stored = StoredStacks.pack(cutting.region_names, list(stacks.values()), cutting.side)
    return CutHands(tuple(stacks), stored, faults, frozenset(phantoms), time.perf_counter() - begun)


def pack_placed(hands: PlacedHands) -> bytes:
    """Return a file's content."""
    placed = {id_: hand.to_json() for id_, hand in hands.placed.items()}
    return json.dumps({"placed": placed, "phantoms": sorted(hands.phantoms), "seconds": hands.seconds}).encode()


def unpack_placed(content: bytes) -> PlacedHands:
    """Read a file's content."""
    data = json.loads(content)
    placed = {id_: Placed.from_json(hand) for id_, hand in data["placed"].items()}
    return PlacedHands(placed, frozenset(data["phantoms"]), float(data["seconds"]))


def pack_cut(hands: CutHands) -> bytes:
    """Return a file's content."""
    told = {"ids": hands.ids, "names": hands.stacks.names, "faults": hands.faults, "phantoms": sorted(hands.phantoms),
            "seconds": hands.seconds}  # fmt: skip
    buffer = io.BytesIO()
    np.savez(buffer, told=json.dumps(told), pixels=hands.stacks.pixels, frames=hands.stacks.frames)
    return buffer.getvalue()


def unpack_cut(content: bytes) -> CutHands:
    """Read a file's content."""
    with np.load(io.BytesIO(content), allow_pickle=False) as data:
        told = json.loads(str(data["told"]))
        stacks = StoredStacks(tuple(told["names"]), data["pixels"], data["frames"])
    return CutHands(tuple(told["ids"]), stacks, told["faults"], frozenset(told["phantoms"]), float(told["seconds"]))


def _place_annotated(hands: Collection, id_: str, reference: Points | None) -> Placed:
    points = hands.points(id_)
    if points is None:
        return Placed(None, fault="it has no annotated landmarks")
    try:
        mirrored = reference is not None and lay_upon(points.positions, reference.positions).mirrored
    except NoSimilarity:
        mirrored = False
    return Placed(points, mirrored, find_fault(points))
