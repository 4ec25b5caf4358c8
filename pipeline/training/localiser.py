"""Training a localiser on a collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boneage.imaging import Collection, Points, Scan, UnreadableScan
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser, LocaliserSettings
from boneage.pipeline.training.dataset import ExcludedHand


def train_localiser(
    collection: Collection,
    settings: LocaliserSettings,
    *,
    seed: int,
    jobs: int,
    report: Progress | None = None,
) -> tuple[ForestLocaliser, dict[str, Any], tuple[ExcludedHand, ...]]:
    """Fit a localiser on the hands of a collection that have landmarks.

    Returns
    -------
    localiser : ForestLocaliser
    summary : dict
        What it was trained on, for the model file.
    excluded : tuple of ExcludedHand
        Images that could not be read.

    Raises
    ------
    ValueError
        If fewer than two hands can be read and have landmarks.
    """
    points: dict[str, Points] = {}
    excluded, n_phantoms = [], 0
    for id_, outcome in _read_all(collection):
        if isinstance(outcome, ExcludedHand):
            excluded.append(outcome)
            continue
        annotated = collection.points(id_)
        if annotated is not None:
            points[id_] = annotated
            n_phantoms += outcome.phantom
    ids = list(points)
    if len(ids) < 2:
        raise InvalidInput(f"a localiser needs at least 2 readable images with landmarks, got {len(ids)}")
    localiser = ForestLocaliser(settings=settings, random_state=seed, n_jobs=jobs)
    localiser.fit(collection.scans(ids), list(points.values()), progress=report)
    summary = {
        "n_hands": len(ids),
        "n_phantoms": n_phantoms,
        "n_landmarks": len(localiser.names_),
        "seed": seed,
        "ids": ids,
    }
    return localiser, summary, tuple(excluded)


def _read_all(collection: Collection) -> Iterator[tuple[str, Scan | ExcludedHand]]:
    for id_ in collection.ids:
        try:
            yield id_, collection.scan(id_)
        except UnreadableScan as error:
            yield id_, ExcludedHand(id_, str(error.path), error.reason)
