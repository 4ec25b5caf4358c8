"""How a localiser bears what archives do to hands: rotation, mirroring, size, noise, collimation, a wrist cut off.

Usage: python docs/measure/robustness.py IMAGES LANDMARKS.csv MODEL.boneage TEST_IDS.txt REFERENCE
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from boneage.evaluation.metrics import measure_landmarks, read_reference, summarise_distances
from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import Frame, Points, Scan, read_ids, resample
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.quality import find_landmark_fault

Change = Callable[[Scan, Points], tuple[Scan, Points]]


def move(linear: np.ndarray) -> Change:
    """Return the change that draws a hand anew, in true proportions, by a linear map on a canvas that holds it all."""

    def change(scan: Scan, points: Points) -> tuple[Scan, Points]:
        frame = Frame.from_linear(linear @ np.diag(scan.spacing_array / scan.spacing_array.min()), np.zeros(2))
        corners = np.array([[r, c] for r in (0, scan.pixels.shape[0] - 1) for c in (0, scan.pixels.shape[1] - 1)])
        located = frame.apply(corners)
        shift = Frame.from_linear(np.eye(2), -located.min(axis=0))
        shape = np.ceil(np.ptp(located, axis=0)).astype(int) + 1
        whole = shift.compose(frame)
        drawn = resample(scan.pixels, whole, shape, fill=float(np.percentile(scan.pixels, 2)))
        return Scan(drawn), points.mapped(whole.compose(scan.frame_to_original().inverse()))

    return change


def turn(degrees: float) -> Change:
    """Return a rotation."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return move(np.array([[c, -s], [s, c]]))


def repaint(paint: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Return a change of grey values; the proportions are made true first."""

    def change(scan: Scan, points: Points) -> tuple[Scan, Points]:
        scan, points = move(np.eye(2))(scan, points)
        return Scan(paint(scan.pixels)), points

    return change


def add_noise(pixels: np.ndarray) -> np.ndarray:
    """Return the picture with Gaussian noise of a tenth of its range."""
    return pixels + np.random.default_rng(0).normal(0, 0.1 * np.ptp(pixels), pixels.shape)


def collimate(pixels: np.ndarray) -> np.ndarray:
    """Return the picture in a black frame that takes 6 % of each side."""
    framed = np.full_like(pixels, pixels.min())
    r, c = (round(0.06 * n) for n in pixels.shape)
    framed[r:-r, c:-c] = pixels[r:-r, c:-c]
    return framed


def put_marker(pixels: np.ndarray) -> np.ndarray:
    """Return the picture with a bright marker over the middle of the hand."""
    marked = pixels.copy()
    rows, cols = pixels.shape
    marked[rows // 2 : rows // 2 + rows // 12, cols // 2 : cols // 2 + cols // 8] = pixels.max()
    return marked


def cut_wrist(pixels: np.ndarray) -> np.ndarray:
    """Return the picture without its lower fifth."""
    return pixels[: round(0.8 * len(pixels))]


CHANGES: dict[str, Change] = {
    "as it is": move(np.eye(2)),
    **{f"rotated by {angle}°": turn(angle) for angle in (10, 20, 30, 45, 60, 90, 135, 180, 225, 270, 315)},
    "mirrored": move(np.diag([1.0, -1.0])),
    "half the size": move(np.eye(2) * 0.5),
    "double the size": move(np.eye(2) * 2.0),
    "inverted": repaint(lambda pixels: pixels.max() - pixels),
    "noise, a tenth of the range": repaint(add_noise),
    "darker (gamma 2)": repaint(lambda pixels: ((pixels - pixels.min()) / np.ptp(pixels)) ** 2),
    "brighter (gamma 0.5)": repaint(lambda pixels: ((pixels - pixels.min()) / np.ptp(pixels)) ** 0.5),
    "collimated": repaint(collimate),
    "a marker on the hand": repaint(put_marker),
    "the lower fifth cut off": repaint(cut_wrist),
}


def main(images: Path, landmarks: Path, model: Path, ids: Path, reference: str) -> None:
    """Locate in the test hands after every change; print a table."""
    hands = load_collection([images], landmarks=landmarks, ids=ids)
    localiser, _ = load_localiser(model)
    unit = read_reference(reference)
    rows = []
    for name, change in CHANGES.items():
        distances, not_found, faults, spent = [], 0, 0, 0.0
        for id_ in read_ids(ids):
            annotated = hands.points(id_)
            assert annotated is not None
            scan, truth = change(hands.scan(id_), annotated)
            inside = ((truth.positions >= 0) & (truth.positions < scan.pixels.shape)).all(axis=1)
            begun = time.perf_counter()
            found = localiser.locate(scan)
            spent += time.perf_counter() - begun
            d = measure_landmarks({id_: found}, {id_: truth}, unit).distances[0]
            not_found += int(np.isinf(d[inside]).sum())
            faults += bool(find_landmark_fault(found))
            distances.append(np.where(inside, d, np.nan))
        s = summarise_distances(np.array(distances))
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "beyond_10")]
        missed = f"{100 * not_found / s['n']:.1f} %"
        n = len(distances)
        rows.append([name, f"{s['mean']:.2f}", f"{s['median']:.2f}", *rates, missed, f"{faults} of {n}",
                     f"{1000 * spent / n:.0f} ms"])  # fmt: skip
        print(*rows[-1], sep=", ", file=sys.stderr, flush=True)
    header = ["change", f"mean {unit.unit}", "median", "<= 2", "> 10", "not found", "hands refused", "a hand"]
    print(draw_table(header, rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
