"""The training set of the shipped localiser: four kinds of annotation in one folder and one table of 40 landmarks.

Usage: python docs/measure/training_hands.py DATA OUT [KINDS]

DATA holds ``dha``, ``rsna299``, ``rsna_masks`` and the tables of ``rsna100``. Hands of ``rsna_native`` and
``rsna_half`` are left out: they test the model. OUT/images gets the radiographs of ``dha``, the same squashed to
299 x 299 pixels, and the hands of ``rsna299`` with annotations of KINDS (``keypoints,boxes`` if not given;
``masks`` too). ``surrounds`` adds a copy of every hand in an exposed field, aslant or small, as ``boneage stress``
draws them; its name begins with ``surrounded``.
OUT/landmarks.csv, in pixels of the originals, has the 37 landmarks of ``dha``, twenty of which keypoints mark
too and fourteen boxes and masks, and the centres of the radius, the ulna and the carpals, of boxes.
OUT/ages.csv has the ages of ``dha``. Ids have a prefix: two sets may share an id.

The kinds do not mark quite the same places, so all are brought to those of ``dha``, in the frame of a bone: keypoints
by ``TO_ATLAS``, masks and boxes by the median offsets on the hands that have two kinds. Where a hand has two, keypoints
count before boxes, and boxes before masks.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.stress.changes import CHANGES
from boneage.evaluation.benchmarks.stress.geometry import restore_proportions
from boneage.imaging import (
    Collection,
    Details,
    LandmarkTable,
    Points,
    Scan,
    find_scans,
    read_landmarks,
    read_names,
    read_scheme,
    rename_landmarks,
    render_landmarks,
)
from boneage.pipeline.data import load_collection
from boneage.pipeline.storage.output import write_table

Offsets = Mapping[str, NDArray[np.float64]]
"""By landmark: along its bone towards the tip, and across it towards the thumb, in lengths of the bone."""

NAMES = read_scheme("hand40").names
_KEYPOINTS = {new: old for old, new in read_names("hand37_to_hand21").items()}
_JOINTS = {old: _KEYPOINTS[new] for old, new in read_names("hand18_to_hand21").items()}
_BOXES = _JOINTS | {"Radius": "radius_centre", "Ulna": "ulna_centre", "Wrist": "carpal_centre"}
_SIDE = 299
SURROUNDS = tuple(CHANGES["surround"].values())

TO_ATLAS = {
    "CMC1": (-0.04, -0.04),
    "IP": (-0.06, 0.02),
    "PIP": (-0.035, 0.0),
    "DIP": (-0.04, 0.0),
    "tip": (-0.05, -0.03),
}
"""From keypoints to the same joints of ``dha``: median offsets that a localiser of ``dha`` has in 152 of the hands."""


def main(data: Path, out: Path, kinds: Sequence[str] = ("keypoints", "boxes")) -> None:
    """Write the images and the tables."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    atlas = load_collection(
        [data / "dha" / "images"], landmarks=data / "dha" / "landmarks37.csv", ages=[data / "dha" / "ages.csv"]
    )
    held_out = {path.stem for name in ("rsna_native", "rsna_half") for path in find_scans(data / name / "images")}
    of_others = join_kinds(data, [kind for kind in kinds if kind != "surrounds"])
    others = Collection.from_folders([data / "rsna299" / "images"], landmarks=of_others)
    points: dict[str, Points] = {}
    shapes: dict[str, tuple[int, ...]] = {}

    def add(collection: Collection, id_: str, name: str, side: int | None = None) -> None:
        scan, landmarks = collection.scan(id_), collection.points(id_)
        if landmarks is None or landmarks.present.sum() < 2:
            return
        pixels = scan.pixels if side is None else cv2.resize(scan.pixels, (side, side), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(out / "images" / f"{name}.png"), pixels.round().astype(np.uint8))
        points[name], shapes[name] = spread(landmarks), scan.original_shape or scan.pixels.shape
        if "surrounds" in kinds and side is None:
            changed, moved = surround(scan, landmarks)
            name = f"surrounded{name}"
            cv2.imwrite(str(out / "images" / f"{name}.png"), changed.pixels.round().astype(np.uint8))
            points[name], shapes[name] = spread(moved), changed.pixels.shape

    for id_ in atlas.annotated_ids:
        add(atlas, id_, f"dha{id_}")
        add(atlas, id_, f"dhasmall{id_}", _SIDE)
    for id_ in others.annotated_ids:
        if id_ not in held_out:
            add(others, id_, f"rsna{id_}")
    table = LandmarkTable(out, NAMES, points, shapes, {})
    (out / "landmarks.csv").write_text(render_landmarks(table, "csv", Details({}, {}))[""], encoding="utf-8")
    ages = {f"dha{id_}": age for id_, age in atlas.ages.items() if f"dha{id_}" in points}
    rows = [{"id": id_, "boneage_months": f"{age.boneage_months:g}", "sex": age.sex} for id_, age in ages.items()]
    write_table(out / "ages.csv", rows)
    print(f"{len(points)} images in {out}")


def surround(scan: Scan, points: Points) -> tuple[Scan, Points]:
    """Return a hand in true proportions in an exposed field, aslant or small: another one for every picture."""
    rng = np.random.default_rng(int(scan.pixels.sum()) % 2**32)
    return SURROUNDS[rng.integers(len(SURROUNDS))](rng).apply(*restore_proportions(scan, points))


def join_kinds(data: Path, kinds: Sequence[str]) -> LandmarkTable:
    """Return annotations of ``rsna299`` as one table, with the names and in the places of ``hand40``."""
    joined: dict[str, Points] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    tables = read_kinds(data)
    for kind in sorted(kinds, key=list(tables).index):
        for id_, points in tables[kind].points.items():
            positions = spread(points).positions
            before = joined[id_].positions if id_ in joined else positions
            joined[id_] = Points(NAMES, np.where(np.isnan(positions), before, positions))
        shapes.update(tables[kind].original_shapes)
    return LandmarkTable(data, NAMES, joined, shapes, {})


def read_kinds(data: Path) -> dict[str, LandmarkTable]:
    """Return masks, boxes and keypoints, their joints brought to where ``dha`` has them.

    Of masks only the joints of digits and the thumb's base are taken: their regions of radius and ulna end elsewhere.
    """
    keypoints = rename_landmarks(read_landmarks(data / "rsna100" / "keypoints21.csv"), _KEYPOINTS)
    boxes = read_landmarks(data / "rsna100" / "ossification_boxes.csv")
    boxes = rename_landmarks(boxes, {old: new for old, new in _BOXES.items() if old in boxes.names})
    masks = rename_landmarks(read_landmarks(data / "rsna_masks" / "joints"), _JOINTS)
    to_atlas = {
        name: np.array(TO_ATLAS[joint]) for name in keypoints.names if (joint := name.split("_")[-1]) in TO_ATLAS
    }
    keypoints = move_landmarks(keypoints, to_atlas)
    boxes = move_landmarks(boxes, measure_offsets(boxes, masks))
    from_masks = measure_offsets(masks, keypoints)
    boxes, masks = (move_landmarks(table, from_masks) for table in (boxes, masks))
    return {"masks": masks, "boxes": boxes, "keypoints": keypoints}


def measure_offsets(table: LandmarkTable, other: LandmarkTable) -> dict[str, NDArray[np.float64]]:
    """Return the median offset of the other table's landmarks from the first's, over the hands that are in both."""
    shared = [id_ for id_ in table.points if id_ in other.points]
    offsets = {}
    for name in (name for name in table.names if name in other.names):
        measured = []
        for id_ in shared:
            step = other.points[id_].position(name) - table.points[id_].position(name)
            measured.append(np.linalg.solve(find_bone_axes(table.points[id_], name), step))
        if not np.isnan(measured).all():
            offsets[name] = np.nanmedian(measured, axis=0)
    return offsets


def move_landmarks(table: LandmarkTable, offsets: Offsets) -> LandmarkTable:
    """Return the table with offsets added; a landmark whose bone is not known becomes absent."""
    points = {}
    for id_, hand in table.points.items():
        steps = [find_bone_axes(hand, name) @ offsets[name] if name in offsets else [0, 0] for name in hand.names]
        points[id_] = dataclasses.replace(hand, positions=hand.positions + np.array(steps))
    return dataclasses.replace(table, points=points)


def find_bone_axes(hand: Points, name: str) -> NDArray[np.float64]:
    """Return the bone of a landmark, and the same turned towards the thumb, as columns of (2, 2); NaN if not known.

    It is the bone from a joint to the next one, for a last joint the bone before it; the middle finger's proximal
    phalanx for the centres.
    """
    start, end = _find_bone(name)
    along = hand.position(end) - hand.position(start)
    across = np.array([along[1], -along[0]])
    thumbwards = hand.position("index_MCP") - hand.position("little_MCP")
    return np.stack([along, across * np.sign(across @ thumbwards)], axis=1)


def _find_bone(name: str) -> tuple[str, str]:
    if name == "mc1_base_CMC1":
        return name, "thumb_MCP"
    digit, _, joint = name.partition("_")
    before = {"IP": "MCP", "PIP": "MCP", "DIP": "PIP", "tip": "IP" if digit == "thumb" else "DIP"}
    if joint in before:
        return f"{digit}_{before[joint]}", name
    digit = digit if joint == "MCP" else "middle"
    return f"{digit}_MCP", "thumb_IP" if digit == "thumb" else f"{digit}_PIP"


def spread(points: Points) -> Points:
    """Return points with every one of ``NAMES``, absent where they have none."""
    positions = np.full((len(NAMES), 2), np.nan)
    positions[[NAMES.index(name) for name in points.names]] = points.positions
    return Points(NAMES, positions)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), *(argument.split(",") for argument in sys.argv[3:]))
