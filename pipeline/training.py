"""Training the two stages on a collection, and locating over one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from boneage.imaging import Collection, Scan, Sex, UnreadableScan
from boneage.landmarks import ForestLocaliser, LocaliserSettings
from boneage.pipeline.assessment import cut_hand
from boneage.pipeline.progress import Report
from boneage.regression import RegionStack, Site, crop_regions


@dataclass(frozen=True)
class Refusal:
    """A hand that was left out, and why."""

    id: str
    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class LabelledRegions:
    """Cropped hands of known age, ready to train or test an age model on.

    Parameters
    ----------
    ids : tuple of str
    stacks : tuple of RegionStack
    ages_months : tuple of float
    sexes : tuple of {"F", "M", None}
    n_phantoms : int
        How many of the hands are synthetic.
    refused : tuple of Refusal
        Hands that have an age but could not be read, or in which no region was found.
    """

    ids: tuple[str, ...]
    stacks: tuple[RegionStack, ...]
    ages_months: tuple[float, ...]
    sexes: tuple[Sex | None, ...]
    n_phantoms: int
    refused: tuple[Refusal, ...]


def train_localiser(
    collection: Collection,
    settings: LocaliserSettings,
    *,
    seed: int,
    jobs: int,
    report: Report | None = None,
) -> tuple[ForestLocaliser, dict[str, Any], tuple[Refusal, ...]]:
    """Fit a localiser on the hands of a collection that have landmarks.

    Returns
    -------
    localiser : ForestLocaliser
    summary : dict
        What it was trained on, for the model file.
    refused : tuple of Refusal
        Images that could not be read.

    Raises
    ------
    ValueError
        If fewer than two hands can be read and have landmarks.
    """
    ids, scans, points, refused = [], [], [], []
    for id_, outcome in _read_all(collection):
        if isinstance(outcome, Refusal):
            refused.append(outcome)
            continue
        annotated = collection.points(id_)
        if annotated is not None:
            ids.append(id_)
            scans.append(outcome)
            points.append(annotated)
    if len(scans) < 2:
        raise ValueError(f"a localiser needs at least 2 readable images with landmarks, got {len(scans)}")
    localiser = ForestLocaliser(settings=settings, random_state=seed, n_jobs=jobs)
    localiser.fit(scans, points, progress=report)
    summary = {
        "n_hands": len(ids),
        "n_phantoms": sum(scan.phantom for scan in scans),
        "n_landmarks": len(localiser.names_),
        "seed": seed,
        "ids": ids,
    }
    return localiser, summary, tuple(refused)


def label_regions(
    collection: Collection,
    localiser: ForestLocaliser,
    sites: Sequence[Site],
    side: int,
    report: Report | None = None,
    *,
    at_annotations: bool = False,
) -> LabelledRegions:
    """Crop the regions of every hand with an age: at the localiser's own points, or at the annotated ones.

    Parameters
    ----------
    collection : Collection
    localiser : ForestLocaliser
    sites : sequence of Site
    side : int
        Side of a region in pixels.
    report : callable, optional
    at_annotations : bool
        Crop at the annotated landmarks instead, where there are any.
    """
    ids, stacks, ages, sexes, refused = [], [], [], [], []
    n_phantoms = 0
    aged = collection.subset([id_ for id_ in collection.ids if collection.age(id_) is not None])
    for count, (id_, outcome) in enumerate(_read_all(aged), start=1):
        if report:
            report("cropping regions", count / len(aged))
        if isinstance(outcome, Refusal):
            refused.append(outcome)
            continue
        stack, fault = _cut(collection, id_, outcome, localiser, sites, side, at_annotations)
        age = collection.age(id_)
        if stack is None or age is None:
            refused.append(Refusal(id_, str(collection.paths[id_]), fault))
            continue
        ids.append(id_)
        stacks.append(stack)
        ages.append(age.boneage_months)
        sexes.append(age.sex)
        n_phantoms += outcome.phantom
    return LabelledRegions(tuple(ids), tuple(stacks), tuple(ages), tuple(sexes), n_phantoms, tuple(refused))


def _cut(
    collection: Collection,
    id_: str,
    scan: Scan,
    localiser: ForestLocaliser,
    sites: Sequence[Site],
    side: int,
    at_annotations: bool,
) -> tuple[RegionStack | None, str]:
    """Return the regions of one hand, or why there are none."""
    if not at_annotations:
        cut = cut_hand(scan, localiser, sites, side)
        return cut.regions, cut.fault
    points = collection.points(id_)
    if points is None:
        return None, "it has no annotated landmarks"
    stack = crop_regions(scan, points, sites, side=side, mirrored=localiser.is_mirrored(points))
    return (stack, "") if stack.present.any() else (None, "no region could be cropped")


def _read_all(collection: Collection) -> Iterator[tuple[str, Scan | Refusal]]:
    for id_ in collection.ids:
        try:
            yield id_, collection.scan(id_)
        except UnreadableScan as error:
            yield id_, Refusal(id_, str(error.path), error.reason)
