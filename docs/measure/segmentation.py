"""Measure outlines of ossification centres against masks of hands that were not trained on.

Usage: python docs/measure/segmentation.py IMAGES MASKS MODEL IDS [SIZES] [LANDMARKS]

IMAGES is a folder, MASKS one with bones/ID.png and joints/ID.png, IDS a list of hands, one a line; SIZES a table of the
originals' sizes where IMAGES are resized copies. Hands are located by boneage's own localiser, or lie as in LANDMARKS.
Prints tables in Markdown. Dice and centroids are in the originals' pixels.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from boneage.evaluation.metrics.segmentation import LabelOverlap, compare_labels, measure_dice, measure_presence
from boneage.imaging import Scan, read_ids, resample
from boneage.pipeline.batch.processes import one_torch_thread
from boneage.pipeline.centres import CentreModel, number_by_name
from boneage.pipeline.data import load_collection
from boneage.pipeline.located_hand import HandLandmarks, crop_located_hand, locate_hand
from boneage.pipeline.pipeline import load_pipeline
from boneage.pipeline.training.masks import MaskFolder
from boneage.regression.segmentation.anatomy import list_centres, measure_hand_length
from boneage.regression.segmentation.measures import refine_outlines
from boneage.regression.segmentation.naming import name_parts
from boneage.regression.segmentation.segmenter import KINDS


def main(images: Path, masks: Path, model_path: Path, ids: Path, *tables: Path) -> None:
    """Measure and print."""
    sizes, landmarks = (tables[0] if tables else None), (tables[1] if len(tables) > 1 else None)
    hands = load_collection([images], landmarks=landmarks, sizes=sizes)
    folder, model, localiser = MaskFolder.open(masks), CentreModel.load(model_path), load_pipeline().localiser
    seen = {*model.summary["ids"], *model.summary["validation_ids"]}
    overlaps: dict[str, list[LabelOverlap]] = defaultdict(list)
    whole: dict[str, list[float]] = defaultdict(list)
    seconds, unnamed, refused = [], 0, []
    chosen = [id_ for id_ in read_ids(ids) if id_ in hands.paths and id_ in folder.ids and id_ not in seen]
    for id_ in chosen:
        scan = hands.scan(id_)
        points = hands.points(id_)
        located = locate_hand(scan, localiser) if points is None else HandLandmarks(points)
        with one_torch_thread():
            started = time.process_time()
            found = model.find(scan, located)
            seconds.append(time.process_time() - started)
        if isinstance(found, str):
            refused.append(f"{id_}: {found}")
            continue
        unnamed += sum(found.n_unnamed.values())
        for kind, (true, mask, length) in true_labels(scan, located, model, folder.read(id_, scan)).items():
            compared = compare_labels(
                found.labels[kind], true, range(1, len(list_centres(kind)) + 1), pixel(scan, length)
            )
            overlaps[kind] += compared
            whole[kind].append(measure_dice(found.labels[kind] > 0, mask))
    print(f"{model.name}; {len(chosen)} hands of {images.parent.name}, {len(refused)} refused; ")
    print(f"seconds a hand beyond locating: median {np.median(seconds):.2f}, 95th {np.percentile(seconds, 95):.2f}")
    print(f"parts without a name: {unnamed}")
    print_tables(overlaps, whole)
    print("\n".join(refused))


def true_labels(
    scan: Scan, located: HandLandmarks, model: CentreModel, masks: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Return the masks of a hand with names, as label maps and as masks in original pixels, and the hand's length."""
    stack, _ = crop_located_hand(scan, located, model.crop_spec, model.reference)
    assert stack is not None
    frame = stack.frames[0]
    assert frame is not None
    assert located.points is not None
    points = located.points.mapped(frame.inverse())
    length, named = measure_hand_length(points), {}
    for kind, mask in zip(KINDS, masks, strict=True):
        upright = resample(mask, frame.inverse(), stack.pixels.shape[1:], fill=0.0)
        outlines = name_parts(upright, list_centres(kind), points, length)
        everywhere = refine_outlines(outlines, np.ones_like(upright), frame, mask.shape)
        labels = number_by_name(outlines, tuple(list_centres(kind)))[everywhere]
        named[kind] = np.where(mask > 0, labels, 0).astype(np.uint8), mask > 0, length * frame.scale()
    return named


def pixel(scan: Scan, length: float) -> tuple[float, float]:
    """Return the height and width of an original pixel in percent of a hand's length in such pixels."""
    spacing = np.array(scan.frame_from_original_to_true().matrix.diagonal()[:2])
    height, width = 100 * spacing / (np.sqrt(spacing.prod()) * length)
    return float(height), float(width)


def print_tables(overlaps: dict[str, list[LabelOverlap]], whole: dict[str, list[float]]) -> None:
    """Print one line for each kind, and one for each centre."""
    print("\n| | Dice, all parts as one | mean of the named ones | centroid, median | 95th |\n|---|---|---|---|---|")
    for kind, of_kind in overlaps.items():
        there = [overlap for overlap in of_kind if overlap.true]
        apart = [overlap.distance for overlap in there if overlap.found]
        per_label = [np.mean([o.dice for o in there if o.label == label]) for label in {o.label for o in there}]
        print(
            f"| {kind} | {np.nanmean(whole[kind]):.3f} | {np.mean(per_label):.3f} | "
            f"{np.median(apart):.2f} | {np.percentile(apart, 95):.2f} |"
        )
    print("\n| centre | there in | Dice | centroid, median | sensitivity | specificity |\n|---|---|---|---|---|---|")
    for kind, of_kind in overlaps.items():
        for label, name in enumerate(list_centres(kind), start=1):
            mine = [overlap for overlap in of_kind if overlap.label == label]
            there = [overlap for overlap in mine if overlap.true]
            presence = measure_presence(mine)
            apart = [overlap.distance for overlap in there if overlap.found] or [np.nan]
            dice = np.mean([overlap.dice for overlap in there] or [np.nan])
            print(
                f"| {kind} {name} | {presence.n_there} of {len(mine)} | {dice:.3f} | {np.median(apart):.2f} | "
                f"{presence.sensitivity:.2f} | {presence.specificity:.2f} |"
            )
        total = measure_presence(of_kind)
        print(f"| all {kind} | | | | {total.sensitivity:.3f} | {total.specificity:.3f} |")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
