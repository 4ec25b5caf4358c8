"""How robust a localiser is: its errors after rotation, mirroring, resizing, noise, collimation, a cropped wrist."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.metrics import Reference, measure_landmarks, summarise_distances
from boneage.evaluation.reports.number_format import Table
from boneage.imaging import Collection, Frame, Points, Scan, resample
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.quality import find_landmark_fault

Array = NDArray[Any]
Change = Callable[[Scan, Points], tuple[Scan, Points]]


def transform(linear: Array) -> Change:
    """Return the change that resamples a hand in true proportions by a linear map, on a canvas that holds all of it."""

    def change(scan: Scan, points: Points) -> tuple[Scan, Points]:
        frame = Frame.from_linear(linear @ np.diag(scan.spacing_array / scan.spacing_array.min()), np.zeros(2))
        corners = np.array([[r, c] for r in (0, scan.pixels.shape[0] - 1) for c in (0, scan.pixels.shape[1] - 1)])
        moved = frame.apply(corners)
        shift = Frame.from_linear(np.eye(2), -moved.min(axis=0))
        shape = np.ceil(np.ptp(moved, axis=0)).astype(int) + 1
        whole = shift.compose(frame)
        resampled = resample(scan.pixels, whole, shape, fill=float(np.percentile(scan.pixels, 2)))
        return Scan(resampled), points.mapped(whole.compose(scan.frame_to_original().inverse()))

    return change


def rotate(degrees: float) -> Change:
    """Return the change that rotates a hand."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return transform(np.array([[c, -s], [s, c]]))


def change_intensities(compute: Callable[[Array], Array]) -> Change:
    """Return the change of the grey values of a hand, after it is resampled in true proportions."""

    def change(scan: Scan, points: Points) -> tuple[Scan, Points]:
        scan, points = transform(np.eye(2))(scan, points)
        return Scan(compute(scan.pixels)), points

    return change


def add_noise(pixels: Array) -> Array:
    """Return the picture with Gaussian noise of a tenth of its range."""
    noise: Array = np.random.default_rng(0).normal(0, 0.1 * np.ptp(pixels), pixels.shape)
    return pixels + noise


def collimate(pixels: Array) -> Array:
    """Return the picture in a black frame of 6 % of each side."""
    framed = np.full_like(pixels, pixels.min())
    r, c = (round(0.06 * n) for n in pixels.shape)
    framed[r:-r, c:-c] = pixels[r:-r, c:-c]
    return framed


def add_marker(pixels: Array) -> Array:
    """Return the picture with a bright marker over the middle of the hand."""
    marked = pixels.copy()
    rows, cols = pixels.shape
    marked[rows // 2 : rows // 2 + rows // 12, cols // 2 : cols // 2 + cols // 8] = pixels.max()
    return marked


def crop_wrist(pixels: Array) -> Array:
    """Return the picture without its lower fifth."""
    return pixels[: round(0.8 * len(pixels))]


CHANGES: dict[str, Change] = {
    "as it is": transform(np.eye(2)),
    **{f"rotated by {angle}°": rotate(angle) for angle in (10, 20, 30, 45, 60, 90, 135, 180, 225, 270, 315)},
    "mirrored": transform(np.diag([1.0, -1.0])),
    "half the size": transform(np.eye(2) * 0.5),
    "double the size": transform(np.eye(2) * 2.0),
    "inverted": change_intensities(lambda pixels: pixels.max() - pixels),
    "noise, a tenth of the range": change_intensities(add_noise),
    "darker (gamma 2)": change_intensities(lambda pixels: ((pixels - pixels.min()) / np.ptp(pixels)) ** 2),
    "brighter (gamma 0.5)": change_intensities(lambda pixels: ((pixels - pixels.min()) / np.ptp(pixels)) ** 0.5),
    "collimated": change_intensities(collimate),
    "a marker on the hand": change_intensities(add_marker),
    "the lower fifth cropped away": change_intensities(crop_wrist),
}


@dataclass(frozen=True, eq=False)
class RobustnessResult:
    """What was measured after one change of the images.

    Parameters
    ----------
    change : str
    distances : ndarray of shape (n_hands, n_landmarks)
        In the unit of the reference; NaN where a landmark is not annotated or no longer in the image, infinite where it
        was not found.
    n_refused : int
        Hands whose landmarks the pipeline would refuse.
    locating_s : float
        Seconds to locate in one image.
    """

    change: str
    distances: Array
    n_refused: int
    locating_s: float


def measure_robustness(
    collection: Collection,
    localiser: ForestLocaliser,
    reference: Reference | None,
    *,
    changes: Mapping[str, Change] = CHANGES,
    report: Progress | None = None,
) -> list[RobustnessResult]:
    """Locate in all annotated hands of a collection after every change.

    Parameters
    ----------
    collection : Collection
        Radiographs with landmarks that the localiser was not trained on.
    localiser : ForestLocaliser
    reference : Reference or None
        The unit of the errors; pixels of the changed image if not given.
    changes : mapping of callable, optional
    report : callable, optional
    """
    results = []
    for number, (name, change) in enumerate(changes.items(), start=1):
        results.append(_measure_change(name, change, collection, localiser, reference))
        if report:
            report("robustness", number / len(changes))
    return results


def tabulate_robustness(results: Sequence[RobustnessResult], unit: str) -> Table:
    """Return the errors after each change, a row each."""
    rows = []
    for result in results:
        s, n = summarise_distances(result.distances), len(result.distances)
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "beyond_10")]
        not_found = f"{100 * s['n_not_found'] / s['n']:.1f} %"
        counts = [f"{result.n_refused} of {n}", f"{1000 * result.locating_s:.0f} ms"]
        rows.append([result.change, f"{s['mean']:.2f}", f"{s['median']:.2f}", *rates, not_found, *counts])
    return ["change", f"mean {unit}", "median", "<= 2", "> 10", "not found", "hands refused", "a hand"], rows


def _measure_change(
    name: str, change: Change, collection: Collection, localiser: ForestLocaliser, reference: Reference | None
) -> RobustnessResult:
    distances, n_refused, elapsed_s = [], 0, 0.0
    for id_ in collection.annotated_ids:
        annotated = collection.points(id_)
        assert annotated is not None
        scan, truth = change(collection.scan(id_), annotated)
        start = time.perf_counter()
        found = localiser.locate(scan)
        elapsed_s += time.perf_counter() - start
        inside = ((truth.positions >= 0) & (truth.positions < scan.pixels.shape)).all(axis=1)
        measured = measure_landmarks({id_: found}, {id_: truth}, reference).distances[0]
        distances.append(np.where(inside, measured, np.nan))
        n_refused += bool(find_landmark_fault(found))
    return RobustnessResult(name, np.array(distances), n_refused, elapsed_s / max(len(distances), 1))
