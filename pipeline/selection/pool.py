"""The pool: what can be chosen from, what is covered already, and what is left out and why."""

from __future__ import annotations

from collections.abc import Collection as Ids
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Collection, Sex, UnreadableScan, read_scan
from boneage.imaging.duplicates import find_copies
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.pipeline.batch.processes import run_in_processes
from boneage.pipeline.selection.appearance import Appearance, compute_features, draw_appearance
from boneage.pipeline.selection.strata import name_strata

Places = NDArray[np.int64]

ANNOTATED = "annotated already"


@dataclass(frozen=True, eq=False)
class Pool:
    """Pictures to choose from, and those that are annotated.

    Parameters
    ----------
    ids : tuple of str
    features : ndarray of shape (n_pictures, n_features)
        How they look; of length 1 each.
    annotated : ndarray of bool, shape (n_pictures,)
        These are not chosen; strategies take them as covered.
    strata : tuple of str or None
        Of every picture, where a table tells.
    left_out : mapping of str
        Why the other pictures of the folders are not in the pool, by id: unreadable files and copies.
    described_by : str
        What the features are.
    """

    ids: tuple[str, ...]
    features: NDArray[np.float64]
    annotated: NDArray[np.bool_]
    strata: tuple[str, ...] | None
    left_out: Mapping[str, str]
    described_by: str

    @property
    def candidates(self) -> Places:
        """Places of the pictures that may be chosen."""
        return np.flatnonzero(~self.annotated)

    @property
    def covered(self) -> Places:
        """Places of the annotated ones."""
        return np.flatnonzero(self.annotated)

    def among(self, ids: Iterable[str], annotated: Ids[str]) -> Pool:
        """Return the pool of some of the pictures, in their order here, of which others are annotated."""
        wanted = set(ids)
        places = [place for place, id_ in enumerate(self.ids) if id_ in wanted]
        kept = tuple(self.ids[place] for place in places)
        strata = None if self.strata is None else tuple(self.strata[place] for place in places)
        are_annotated = np.array([id_ in annotated for id_ in kept], dtype=np.bool_)
        return Pool(kept, self.features[places], are_annotated, strata, {}, self.described_by)


def read_pool(
    collection: Collection,
    *,
    annotated: Ids[str] = (),
    sexes: Mapping[str, Sex] | None = None,
    chronological_ages: Mapping[str, float] | None = None,
    jobs: int = 1,
    report: Progress | None = None,
) -> Pool:
    """Read the pictures of a collection, and describe how they look.

    1. Read every file; those that cannot be read, or whose names no list can hold, are left out.
    2. Of pictures that are the same to the eye keep one: an annotated one, else the first.
    3. Compute the features of the others.

    Parameters
    ----------
    collection : Collection
        Its bone ages and sexes give strata.
    annotated : collection of str
        Ids that are annotated already.
    sexes : mapping of {"F", "M"}, optional
        By id; they give strata before those of the collection.
    chronological_ages : mapping of float, optional
        In months, by id; likewise.
    jobs : int
        Number of processes; the pool is the same for any.
    report : callable, optional

    Raises
    ------
    InvalidInput
        If no picture is left to choose from.
    """
    ids = collection.ids
    calls = [partial(_read_appearance, collection.paths[id_]) for id_ in ids]
    seen: dict[str, Appearance] = {}
    left_out: dict[str, str] = {}
    for id_, outcome in zip(ids, run_in_processes(calls, jobs, stage="reading pictures", report=report), strict=True):
        if not _fits_line(id_):
            left_out[id_] = "its name has a line end, or is not UTF-8, so that no list can hold it: rename it"
        elif isinstance(outcome, str):
            left_out[id_] = outcome
        else:
            seen[id_] = outcome
    left_out |= _find_copies(seen, annotated)
    kept = tuple(id_ for id_ in seen if id_ not in left_out)
    are_annotated = np.array([id_ in annotated for id_ in kept], dtype=np.bool_)
    if are_annotated.all():
        raise InvalidInput(_describe_nothing(len(ids), len(kept), left_out))
    features, described_by = compute_features(np.stack([seen[id_].picture for id_ in kept]), report=report)
    months = {id_: record.boneage_months for id_, record in collection.ages.items()} | dict(chronological_ages or {})
    known_sexes = {id_: record.sex for id_, record in collection.ages.items()} | dict(sexes or {})
    strata = name_strata(kept, months, known_sexes)
    return Pool(kept, features, are_annotated, strata, left_out, described_by)


def _read_appearance(path: Path) -> Appearance | str:
    try:
        return draw_appearance(read_scan(path))
    except UnreadableScan as error:
        return f"cannot be read: {error.reason}"


def _fits_line(id_: str) -> bool:
    return len(id_.splitlines()) == 1 and not any("\ud800" <= letter <= "\udfff" for letter in id_)


def _find_copies(seen: Mapping[str, Appearance], annotated: Ids[str]) -> dict[str, str]:
    """Return of which picture each copy is one, in words; annotated pictures are never left out."""
    ordered = sorted(seen, key=lambda id_: id_ not in annotated)
    if not ordered:
        return {}
    originals = find_copies(np.stack([seen[id_].fingerprint for id_ in ordered]))
    return {
        id_: f"the same picture as {ordered[original]}"
        for place, (id_, original) in enumerate(zip(ordered, originals.tolist(), strict=True))
        if place != original and id_ not in annotated
    }


def _describe_nothing(n_files: int, n_kept: int, left_out: Mapping[str, str]) -> str:
    first = next(iter(left_out.items()), None)
    example = f", such as {first[0]}: {first[1]}" if first else ""
    return (
        f"no picture is left to choose from: of {n_files}, {n_kept} are annotated already and {len(left_out)} are left "
        f"out{example}"
    )
