"""What masks, boxes, points, standardising and archives' surroundings each do for a localiser of RSNA's hands.

Usage: python docs/measure/annotation_kinds.py DATA OUT [VARIANT;...]

A row a variant: preset ``compact`` learns from the hands of ``dha`` and those of ``rsna299`` with the annotations
named, but for a fifth (by the hash of the id) of those with keypoints or boxes. On that fifth: distances to keypoints,
and to the boxes of radius and ulna, in percent of the anatomy's length as annotated; then the same with every hand in
an exposed field, aslant or small, as ``boneage stress`` draws them. ``surrounds`` learns from such a copy of each hand
too; ``as they are`` learns and finds without standardising. OUT keeps the hands.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from training_hands import main as write_hands
from training_hands import read_kinds, surround

from boneage.evaluation.metrics.landmark_errors import LandmarkErrors, measure_landmarks, summarise_distances
from boneage.imaging import Collection, find_scans
from boneage.landmarks import PRESETS, ForestLocaliser
from boneage.pipeline.data import load_collection

VARIANTS: dict[str, tuple[str, ...]] = {
    "masks": ("masks",),
    "boxes": ("boxes",),
    "keypoints": ("keypoints",),
    "keypoints, boxes": ("keypoints", "boxes"),
    "keypoints, boxes, masks": ("keypoints", "boxes", "masks"),
    "keypoints, boxes, as they are": ("keypoints", "boxes"),
    "keypoints, boxes, surrounds": ("keypoints", "boxes"),
}
BONES = ("radius_centre", "ulna_centre")


def main(data: Path, out: Path, names: Iterable[str]) -> None:
    """Print each row as it is measured."""
    held_out = {path.stem for name in ("rsna_native", "rsna_half") for path in find_scans(data / name / "images")}
    tables = {kind: table for kind, table in read_kinds(data).items() if kind != "masks"}
    tested = {id_ for table in tables.values() for id_ in table.points if _is_tested(id_)} - held_out
    images = data / "rsna299" / "images"
    truth = {
        kind: Collection.from_folders([images], landmarks=table, ids=sorted(tested.intersection(table.points)))
        for kind, table in tables.items()
    }
    columns = ["mean", "median", "beyond 10 % or not found", *BONES]
    print("|", " | ".join(["learnt from", "hands", *columns, *columns, "seconds to learn"]), "|")
    print("|---" * (3 + 2 * len(columns)), end="|\n")
    for name in names:
        start = time.perf_counter()
        localiser, n_hands = _train(data, out, name, tested)
        seconds = time.perf_counter() - start
        cells = [f"{figure:.2f}" for surrounded in (False, True) for figure in _measure(localiser, truth, surrounded)]
        print("|", " | ".join([name, str(n_hands), *cells, f"{seconds:.0f}"]), "|", flush=True)


def _is_tested(id_: str) -> bool:
    return int(hashlib.sha256(id_.encode()).hexdigest(), 16) % 5 == 0


def _train(data: Path, out: Path, name: str, tested: set[str]) -> tuple[ForestLocaliser, int]:
    kinds = VARIANTS[name]
    folder = out / "+".join(kinds)
    if not (folder / "landmarks.csv").is_file():
        write_hands(data, folder, kinds)
    hands = load_collection([folder / "images"], landmarks=folder / "landmarks.csv")
    annotated = [
        (hands.scan(id_), points)
        for id_ in hands.annotated_ids
        if id_.removeprefix("rsna") not in tested and (points := hands.points(id_)) is not None
    ]
    copies = [surround(*hand) for hand in annotated] if name.endswith("surrounds") else []
    settings = PRESETS["compact"](2)
    if name.endswith("as they are"):
        settings = dataclasses.replace(settings, standardise=None)
    scans, points = zip(*annotated, *copies, strict=True)
    present = np.any([one.present for one in points], axis=0)
    points = [one.select([name for name, some in zip(one.names, present, strict=True) if some]) for one in points]
    return ForestLocaliser(settings=settings, random_state=0, n_jobs=2).fit(scans, points), len(annotated)


def _measure(localiser: ForestLocaliser, truth: dict[str, Collection], surrounded: bool) -> list[float]:
    joints, bones = (compare(localiser, truth[kind], surrounded) for kind in ("keypoints", "boxes"))
    summary = summarise_distances(joints.percent_of_length)
    learnt = [bone for bone in BONES if bone in bones.names]
    centres = {bone: float(np.nanmedian(bones.of_landmarks([bone]).percent_of_length)) for bone in learnt}
    return [
        summary["mean"],
        summary["median"],
        100 * summary["beyond_10"],
        *(centres.get(bone, np.nan) for bone in BONES),
    ]


def compare(localiser: ForestLocaliser, hands: Collection, surrounded: bool) -> LandmarkErrors:
    """Locate annotated hands, as they are or each in an archive's surroundings, and compare."""
    found, truth = {}, {}
    for id_ in hands.annotated_ids:
        scan, points = hands.scan(id_), hands.points(id_)
        assert points is not None
        scan, truth[id_] = surround(scan, points) if surrounded else (scan, points)
        found[id_] = localiser.locate(scan)
    return measure_landmarks(found, truth)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    chosen = sys.argv[3].split(";") if len(sys.argv) == 4 else VARIANTS
    main(Path(sys.argv[1]), Path(sys.argv[2]), chosen)
