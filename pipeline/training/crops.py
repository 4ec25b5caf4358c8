"""Reading, locating and cutting many hands of known age, in parallel; what is done is kept and not done again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from boneage.imaging import AgeRecord, Collection, LandmarkTable, Points
from boneage.imaging.errors import InvalidInput, UnusableOutput
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import HandLandmarks, find_landmark_fault
from boneage.pipeline.batch.processes import run_in_processes
from boneage.pipeline.pipeline import fingerprint_localiser
from boneage.pipeline.storage.output import prepare_folder, write_atomically
from boneage.pipeline.training.crop_files import (
    CroppedFile,
    LocatedFile,
    crop_file,
    locate_file,
    pack_cropped,
    pack_located,
    unpack_cropped,
    unpack_located,
)
from boneage.pipeline.training.dataset import AgeDataset, ExcludedHand, PackedRegions
from boneage.regression import CropSpec, RegionStack

T = TypeVar("T")

_CHUNK = 25  # hands that a process is given at once


@dataclass(frozen=True, eq=False)
class CropBuilder:
    """Makes what age models see of the hands of known age.

    Parameters
    ----------
    collection : Collection
        Hands without an age are left out.
    localiser : ForestLocaliser or None
        Finds the landmarks, unless they are annotated or nothing needs them.
    reference : Points or None
        The shape that hands are laid upon, and from which it is seen whether one is mirrored.
    at_annotations : bool
        Whether the annotated landmarks are used instead of what the localiser finds.
    cache : Path or None
        Folder to keep what was located and cut; the same step on the same files is not done again. What the files
        are is told by their names, sizes and times.
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

    def without_inputs(self) -> AgeDataset[None]:
        """Return every hand with an age, and nothing of it."""
        return self._label([None] * len(self._aged), dict.fromkeys(self._aged.ids, ""), frozenset(), 0.0, "")

    def with_landmarks(self) -> AgeDataset[Points]:
        """Return the landmarks of the hands that have them, in true proportions as far as the files tell."""
        hands, digest = self._placed
        found = [hand.true_points for hand in hands.values() if hand.true_points is not None and not hand.located.fault]
        faults = {id_: hand.located.fault for id_, hand in hands.items()}
        phantoms = frozenset(id_ for id_, hand in hands.items() if hand.phantom)
        return self._label(found, faults, phantoms, sum(hand.seconds for hand in hands.values()), digest)

    def with_crops(self, crop_spec: CropSpec) -> AgeDataset[RegionStack]:
        """Return the regions of the hands that have them.

        Raises
        ------
        ValueError
            If no hand has an age, or the landmarks are not enough to cut by.
        """
        located, seconds = {id_: HandLandmarks(None) for id_ in self._aged.ids}, 0.0
        if crop_spec.needs_landmarks:
            if self.reference is not None:
                crop_spec.check_landmarks(self.reference.names)
            located = {id_: hand.located for id_, hand in self._placed[0].items()}
            seconds = sum(hand.seconds for hand in self._placed[0].values())
        how = [repr(crop_spec), self._described_reference]
        names = {
            id_: f"crop-{_fingerprint(self._describe_file(id_), how, located[id_].to_json())}.npz"
            for id_ in self._aged.ids
        }

        def make(ids: Sequence[str]) -> Callable[[Collection, str], CroppedFile]:
            some = {id_: located[id_] for id_ in ids}
            return partial(crop_file, located=some, crop_spec=crop_spec, reference=self.reference)

        cut = self._run(f"cutting {crop_spec.kind}", names, make, pack_cropped, unpack_cropped)
        return self._label(
            PackedRegions.join(
                crop_spec.region_names, [hand.stacks for hand in cut.values()], crop_spec.shape, crop_spec.ndim
            ),
            {id_: hand.fault for id_, hand in cut.items()},
            frozenset(id_ for id_, hand in cut.items() if hand.phantom),
            seconds + sum(hand.seconds for hand in cut.values()),
            _fingerprint(list(names.values())),
        )

    @cached_property
    def _aged(self) -> Collection:
        aged = [id_ for id_ in self.collection.ids if self.collection.age(id_) is not None]
        if not aged:
            raise InvalidInput("no image has a known age: are the ids in the age table the names of the files?")
        return self.collection.subset(aged)

    @cached_property
    def _placed(self) -> tuple[dict[str, LocatedFile], str]:
        """The landmarks of all hands, located or annotated, and what tells these from others."""
        if not self.at_annotations and self.localiser is None:
            raise InvalidInput("landmarks are needed: give --localiser (a trained one) or --landmarks (annotated)")
        localiser = None if self.at_annotations else self.localiser
        source = "annotations" if localiser is None else fingerprint_localiser(localiser)
        how = [source, self._described_reference if localiser is None else None]
        table = self.collection.landmarks if localiser is None else None
        names = {}
        for id_ in self._aged.ids:
            known = table.points.get(id_) if table is not None else None
            annotated = None if known is None else [known.names, known.positions.tolist()]
            names[id_] = f"placed-{_fingerprint(self._describe_file(id_), how, annotated)}.json"
        step = partial(locate_file, localiser=localiser, reference=self.reference)
        located = self._run("finding landmarks", names, lambda ids: step, pack_located, unpack_located)
        return located, _fingerprint(list(names.values()))

    @property
    def _described_reference(self) -> Any:
        return None if self.reference is None else [self.reference.names, self.reference.positions.tolist()]

    def _describe_file(self, id_: str) -> list[Any]:
        path = self._aged.paths[id_]
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        states = [file.stat() for file in files]
        marks = [mark for state in states for mark in (state.st_size, state.st_mtime_ns)]
        return [path.name, *marks, self._aged.sizes.get(id_)]

    def _cut_down(self, ids: Sequence[str]) -> Collection:
        """Return some hands with no more of the tables than it takes to read them."""
        some = dataclasses.replace(self._aged.subset(ids), ages={})
        table = some.landmarks
        if table is None:
            return some
        points = {id_: table.points[id_] for id_ in ids if id_ in table.points}
        return dataclasses.replace(some, landmarks=dataclasses.replace(table, points=points))

    def _run(
        self,
        stage: str,
        names: Mapping[str, str],
        make: Callable[[Sequence[str]], Callable[[Collection, str], T]],
        pack: Callable[[T], bytes],
        unpack: Callable[[bytes], T],
    ) -> dict[str, T]:
        """Make the files that the cache does not hold, in parallel; then read them all."""
        with self._folder() as folder:
            missing = [id_ for id_, name in names.items() if not (folder / name).exists()]
            chunks = [missing[start : start + _CHUNK] for start in range(0, len(missing), _CHUNK)]
            calls = [
                partial(_make_files, {id_: folder / names[id_] for id_ in ids}, self._cut_down(ids), make(ids), pack)
                for ids in chunks
            ]
            for done, _ in enumerate(run_in_processes(calls, self.jobs), start=1):
                if self.report:
                    self.report(stage, done / len(chunks))
            return {id_: _read_file(folder / name, unpack) for id_, name in names.items()}

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        if self.cache is not None:
            yield prepare_folder(self.cache)
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder)

    def _label(
        self, inputs: Sequence[T], faults: Mapping[str, str], phantoms: frozenset[str], seconds: float, digest: str
    ) -> AgeDataset[T]:
        """Return the hands without a fault, whose inputs these are; ``seconds`` were spent on all."""
        ids = tuple(id_ for id_, fault in faults.items() if not fault)
        records = [self._aged.ages[id_] for id_ in ids]
        return AgeDataset(
            ids,
            inputs,
            tuple(record.boneage_months for record in records),
            tuple(record.sex for record in records),
            phantoms,
            tuple(ExcludedHand(id_, str(self._aged.paths[id_]), fault) for id_, fault in faults.items() if fault),
            seconds / len(faults),
            digest,
        )


def dataset_from_tables(table: LandmarkTable, ages: Mapping[str, AgeRecord]) -> AgeDataset[Points]:
    """Return the landmarks of the hands that have an age, without a look at images.

    Raises
    ------
    ValueError
        If no hand has both.
    """
    both = [id_ for id_ in table.points if id_ in ages]
    if not both:
        raise InvalidInput(f"{table.path}: none of its ids has a known age")
    faults = {id_: fault for id_ in both if (fault := find_landmark_fault(table.points[id_]))}
    ids = tuple(id_ for id_ in both if id_ not in faults)
    points = [table.points[id_] for id_ in ids]
    return AgeDataset(
        ids,
        points,
        tuple(ages[id_].boneage_months for id_ in ids),
        tuple(ages[id_].sex for id_ in ids),
        frozenset(),
        tuple(ExcludedHand(id_, str(table.path), fault) for id_, fault in faults.items()),
        digest=_fingerprint(table.names, [hand.positions.tolist() for hand in points]),
    )


def _make_files(
    paths: Mapping[str, Path], hands: Collection, make: Callable[[Collection, str], T], pack: Callable[[T], bytes]
) -> None:
    for id_, path in paths.items():
        write_atomically(path, pack(make(hands, id_)))


def _read_file(path: Path, unpack: Callable[[bytes], T]) -> T:
    try:
        return unpack(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableOutput(path, f"is damaged ({error}): remove it") from error


def _fingerprint(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
