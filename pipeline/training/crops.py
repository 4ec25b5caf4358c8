"""What age models read of many hands of known age: landmarks, or crops around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from boneage.imaging import AgeRecord, Collection, LandmarkTable, Points
from boneage.imaging.errors import InvalidInput, InvalidTable
from boneage.imaging.plausibility import check_axes
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.located_hand import HandLandmarks
from boneage.pipeline.quality import find_landmark_fault
from boneage.pipeline.training.crop_cache import CropCache, describe_file, fingerprint
from boneage.pipeline.training.crop_steps import CropStep, LocatedHand, LocateStep, describe_points
from boneage.pipeline.training.dataset import AgeDataset, ExcludedHand, PackedRegions
from boneage.regression import CropSpec, RegionStack

Input = TypeVar("Input")

_FEWEST_IN_COMMON = 3  # two do not tell whether a hand is mirrored


@dataclass(frozen=True, eq=False)
class CropBuilder:
    """Makes what age models read of the hands of known age.

    Parameters
    ----------
    collection : Collection
        Hands without an age are left out.
    localiser : ForestLocaliser or None
        Finds the landmarks, unless they are annotated or not needed.
    reference : Points or None
        The shape that hands are aligned to, and by which a mirrored one is recognised.
    at_annotations : bool
        Whether the annotated landmarks are used instead of those that the localiser finds.
    cache : Path or None
        Folder for located landmarks and crops, which are not computed again from the same files by the same code; see
        :class:`~boneage.pipeline.training.crop_cache.CropCache`.
    jobs : int
        Number of processes; the results do not depend on it.
    report : callable, optional
    """

    collection: Collection
    localiser: ForestLocaliser | None = None
    reference: Points | None = None
    at_annotations: bool = False
    cache: Path | None = None
    jobs: int = 1
    report: Progress | None = None

    def load_labels(self) -> AgeDataset[None]:
        """Return every hand with an age, its age and sex alone: no image is read."""
        return self._label([None] * len(self._aged), dict.fromkeys(self._aged.ids, ""), frozenset(), 0.0, None)

    def build_landmarks(self) -> AgeDataset[Points]:
        """Return the landmarks of the hands that have them, in millimetres where the length of a pixel is known.

        Raises
        ------
        InvalidInput
            If no hand has an age, or there is neither a localiser nor annotated landmarks.
        InvalidTable
            If x and y seem to be swapped in the annotated ones, or they have other axes than the reference's.
        """
        hands = self._located
        found = [hand.true_points for hand in hands.values() if hand.true_points is not None and not hand.located.fault]
        faults = {id_: hand.located.fault for id_, hand in hands.items()}
        phantoms = frozenset(id_ for id_, hand in hands.items() if hand.phantom)
        return self._label(found, faults, phantoms, self._locating_s, self._describe_landmarks())

    def check_landmarks(self, crop_spec: CropSpec) -> None:
        """Check that the landmarks, annotated and located, are enough to crop by.

        Raises
        ------
        InvalidInput
            If those of a site are missing.
        InvalidTable
            If fewer than three annotated ones are among the reference's.
        """
        if self.reference is not None:
            crop_spec.check_landmarks(self.reference.names)
        table = self.collection.landmarks
        if not self.at_annotations or table is None:
            return
        crop_spec.check_landmarks(table.names)
        if self.reference is not None and len(set(table.names) & set(self.reference.names)) < _FEWEST_IN_COMMON:
            raise InvalidTable(
                table.path,
                f"has fewer than {_FEWEST_IN_COMMON} of the landmarks by which hands are aligned: "
                f"{', '.join(self.reference.names)}",
            )

    def build_crops(self, crop_spec: CropSpec) -> AgeDataset[RegionStack]:
        """Return the regions of the hands that have them.

        Raises
        ------
        InvalidInput
            If no hand has an age, or the landmarks are not enough to crop by.
        InvalidTable
            If x and y seem to be swapped in the annotated ones, or they have other names or axes than the reference's.
        """
        located = {id_: HandLandmarks(None) for id_ in self._aged.ids}
        seconds, landmarks = 0.0, None
        if crop_spec.needs_landmarks:
            self.check_landmarks(crop_spec)
            located = {id_: hand.located for id_, hand in self._located.items()}
            seconds, landmarks = self._locating_s, self._describe_landmarks()
        cropped = self._cache.cached(CropStep(crop_spec, self.reference, located), self._aged)
        return self._label(
            PackedRegions.join(
                crop_spec.region_names, [hand.stacks for hand in cropped.values()], crop_spec.shape, crop_spec.ndim
            ),
            {id_: hand.fault for id_, hand in cropped.items()},
            frozenset(id_ for id_, hand in cropped.items() if hand.phantom),
            seconds + sum(hand.seconds for hand in cropped.values()),
            [repr(crop_spec), describe_points(self.reference), landmarks],
        )

    @cached_property
    def _aged(self) -> Collection:
        aged = [id_ for id_ in self.collection.ids if self.collection.age(id_) is not None]
        if not aged:
            raise InvalidInput("no image has a known age: are the ids in the age table the names of the files?")
        return self.collection.subset(aged)

    @property
    def _cache(self) -> CropCache:
        return CropCache(self.cache, self.jobs, self.report)

    @cached_property
    def _locate_step(self) -> LocateStep:
        if not self.at_annotations and self.localiser is None:
            raise InvalidInput("landmarks are needed: give --localiser (a trained one) or --landmarks (annotated)")
        return LocateStep(None if self.at_annotations else self.localiser, self.reference)

    @cached_property
    def _located(self) -> dict[str, LocatedHand]:
        """The landmarks of all hands, located or annotated."""
        table = self.collection.landmarks
        if self.at_annotations and table is not None and self.reference is not None:
            if table.ndim != self.reference.ndim:
                raise InvalidTable(
                    table.path, f"has landmarks of {table.ndim} axes, and the localiser's have {self.reference.ndim}"
                )
            check_axes(table, self.reference)
        return self._cache.cached(self._locate_step, self._aged)

    @property
    def _locating_s(self) -> float:
        return sum(hand.seconds for hand in self._located.values())

    def _describe_landmarks(self) -> Any:
        return [self._locate_step.describe(self._aged, id_) for id_ in self._aged.ids]

    def _label(
        self, inputs: Sequence[Input], faults: Mapping[str, str], phantoms: frozenset[str], seconds: float, made_by: Any
    ) -> AgeDataset[Input]:
        """Return the hands without a fault, with their inputs.

        Parameters
        ----------
        inputs : sequence
            As many as there are hands without a fault.
        faults : mapping of str
            By id, of all hands with an age; empty where there is none.
        phantoms : frozenset of str
        seconds : float
            Time that all hands took.
        made_by : JSON data
            How the inputs were made.
        """
        ages = self._aged.ages
        ids = tuple(id_ for id_, fault in faults.items() if not fault)
        files = [] if made_by is None else [describe_file(self._aged, id_) for id_ in self._aged.ids]
        return AgeDataset(
            ids,
            inputs,
            tuple(ages[id_].boneage_months for id_ in ids),
            tuple(ages[id_].sex for id_ in ids),
            phantoms,
            tuple(ExcludedHand(id_, str(self._aged.paths[id_]), fault) for id_, fault in faults.items() if fault),
            seconds / len(faults),
            fingerprint(files, made_by, _describe_ages(ages, self._aged.ids)),
        )


def build_dataset_from_tables(table: LandmarkTable, ages: Mapping[str, AgeRecord]) -> AgeDataset[Points]:
    """Return the landmarks of the hands that have an age, from tables alone: no image is read.

    Raises
    ------
    InvalidInput
        If no hand has both.
    """
    both = [id_ for id_ in table.points if id_ in ages]
    if not both:
        raise InvalidInput(f"{table.path}: none of its ids has a known age")
    faults = {id_: fault for id_ in both if (fault := find_landmark_fault(table.points[id_]))}
    ids = tuple(id_ for id_ in both if id_ not in faults)
    positions = [table.points[id_].positions.tolist() for id_ in both]
    return AgeDataset(
        ids,
        [table.points[id_] for id_ in ids],
        tuple(ages[id_].boneage_months for id_ in ids),
        tuple(ages[id_].sex for id_ in ids),
        frozenset(),
        tuple(ExcludedHand(id_, str(table.path), fault) for id_, fault in faults.items()),
        digest=fingerprint(table.names, positions, _describe_ages(ages, both)),
    )


def _describe_ages(ages: Mapping[str, AgeRecord], ids: Sequence[str]) -> Any:
    return [[id_, ages[id_].boneage_months, ages[id_].sex] for id_ in ids]
