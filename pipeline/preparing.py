"""Reading, locating and cutting many hands of known age, in parallel; what is done is kept and not done again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import joblib
import numpy as np

from boneage.imaging import AgeRecord, Collection, LandmarkTable, Points
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Placed, find_fault
from boneage.pipeline.hand_chunks import (
    PlacedHands,
    cut_chunk,
    pack_cut,
    pack_placed,
    place_chunk,
    unpack_cut,
    unpack_placed,
)
from boneage.pipeline.hands import LabelledHands, Refusal, StoredStacks
from boneage.pipeline.outputs import UnusableOutput, prepare_folder, write_atomically
from boneage.pipeline.progress import Report
from boneage.regression import Cutting, RegionStack

T = TypeVar("T")

_CHUNK = 50  # hands in a file of the cache


@dataclass(frozen=True, eq=False)
class Preparation:
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
    report: Report | None = None

    def label_nothing(self) -> LabelledHands[None]:
        """Return every hand with an age, and nothing of it."""
        return self._label([None] * len(self._aged), self._aged.ids, {}, frozenset(), 0.0, "")

    def label_points(self) -> LabelledHands[Points]:
        """Return the landmarks of the hands that have them."""
        hands, digest = self._placed
        found = {id_: hand.points for id_, hand in hands.placed.items() if hand.points is not None and not hand.fault}
        faults = {id_: hand.fault for id_, hand in hands.placed.items() if hand.fault}
        return self._label(list(found.values()), tuple(found), faults, hands.phantoms, hands.seconds, digest)

    def label_regions(self, cutting: Cutting) -> LabelledHands[RegionStack]:
        """Return the regions of the hands that have them.

        Raises
        ------
        ValueError
            If no hand has an age, or the landmarks are not enough to cut by.
        """
        placed, seconds = {id_: Placed(None) for id_ in self._aged.ids}, 0.0
        if cutting.needs_landmarks:
            if self.reference is not None:
                cutting.check_landmarks(self.reference.names)
            placed, seconds = self._placed[0].placed, self._placed[0].seconds
        work = []
        for chunk in self._chunks:
            hands = {id_: placed[id_] for id_ in chunk.ids}
            laid = [hand.to_json() for hand in hands.values()]
            key = _fingerprint(_describe_files(chunk), _describe_cutting(cutting), self._described_reference, laid)
            work.append((f"crops-{key}.npz", (chunk, hands, cutting, self.reference)))
        parts = self._run(f"cutting {cutting.kind}", work, cut_chunk, pack_cut, unpack_cut)
        stacks = StoredStacks(
            cutting.region_names,
            np.concatenate([part.stacks.pixels for part in parts]),
            np.concatenate([part.stacks.frames for part in parts]),
        )
        return self._label(
            stacks,
            tuple(id_ for part in parts for id_ in part.ids),
            {id_: fault for part in parts for id_, fault in part.faults.items()},
            frozenset().union(*(part.phantoms for part in parts)),
            seconds + sum(part.seconds for part in parts),
            _fingerprint([name for name, _ in work]),
        )

    @cached_property
    def _aged(self) -> Collection:
        aged = [id_ for id_ in self.collection.ids if self.collection.age(id_) is not None]
        if not aged:
            raise ValueError("no image has a known age: are the ids in the age table the names of the files?")
        return self.collection.subset(aged)

    @cached_property
    def _chunks(self) -> list[Collection]:
        """The hands, some at a time, each with no more of the tables than it needs."""
        chunks = []
        for start in range(0, len(self._aged), _CHUNK):
            chunk = dataclasses.replace(self._aged.subset(self._aged.ids[start : start + _CHUNK]), ages={})
            table = chunk.landmarks
            if table is not None:
                points = {id_: table.points[id_] for id_ in chunk.ids if id_ in table.points}
                chunk = dataclasses.replace(chunk, landmarks=dataclasses.replace(table, points=points))
            chunks.append(chunk)
        return chunks

    @property
    def _described_reference(self) -> Any:
        return None if self.reference is None else [self.reference.names, self.reference.positions.tolist()]

    @cached_property
    def _placed(self) -> tuple[PlacedHands, str]:
        """The landmarks of all hands, located or annotated, and what tells these from others."""
        if self.at_annotations:
            source = "annotations"
        elif self.localiser is not None:
            source = _fingerprint_localiser(self.localiser)
        else:
            raise ValueError("give --localiser (a trained one) or --landmarks (annotated points): landmarks are needed")
        localiser = None if self.at_annotations else self.localiser
        work = []
        for chunk in self._chunks:
            known = chunk.landmarks.points if self.at_annotations and chunk.landmarks else {}
            annotated = [[id_, points.names, points.positions.tolist()] for id_, points in known.items()]
            key = _fingerprint(_describe_files(chunk), source, self._described_reference, annotated)
            work.append((f"points-{key}.json", (chunk, localiser, self.reference)))
        parts = self._run("finding landmarks", work, place_chunk, pack_placed, unpack_placed)
        placed = PlacedHands(
            {id_: hand for part in parts for id_, hand in part.placed.items()},
            frozenset().union(*(part.phantoms for part in parts)),
            sum(part.seconds for part in parts),
        )
        return placed, _fingerprint([name for name, _ in work])

    def _run(
        self,
        stage: str,
        work: Sequence[tuple[str, tuple[Any, ...]]],
        make: Callable[..., T],
        pack: Callable[[T], bytes],
        unpack: Callable[[bytes], T],
    ) -> list[T]:
        """Make what the cache does not hold, in parallel; then read it all."""
        with self._folder() as folder:
            todo = [(folder / name, arguments) for name, arguments in work if not (folder / name).exists()]
            stream = joblib.Parallel(n_jobs=max(min(self.jobs, len(todo)), 1), return_as="generator")(
                joblib.delayed(_make_file)(path, make, pack, arguments) for path, arguments in todo
            )
            for done, _ in enumerate(stream, start=1):
                if self.report:
                    self.report(stage, done / len(todo))
            return [_read_file(folder / name, unpack) for name, _ in work]

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        if self.cache is not None:
            yield prepare_folder(self.cache)
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder)

    def _label(
        self,
        inputs: Sequence[T],
        ids: Sequence[str],
        faults: dict[str, str],
        phantoms: frozenset[str],
        seconds: float,
        digest: str,
    ) -> LabelledHands[T]:
        records = [self._aged.ages[id_] for id_ in ids]
        return LabelledHands(
            tuple(ids),
            inputs,
            tuple(record.boneage_months for record in records),
            tuple(record.sex for record in records),
            phantoms,
            tuple(Refusal(id_, str(self._aged.paths[id_]), fault) for id_, fault in faults.items()),
            seconds / len(self._aged),
            digest,
        )


def label_tables(table: LandmarkTable, ages: Mapping[str, AgeRecord]) -> LabelledHands[Points]:
    """Return the landmarks of the hands that have an age, without a look at images.

    Raises
    ------
    ValueError
        If no hand has both.
    """
    both = [id_ for id_ in table.points if id_ in ages]
    if not both:
        raise ValueError(f"{table.path}: none of its ids has a known age")
    faults = {id_: fault for id_ in both if (fault := find_fault(table.points[id_]))}
    ids = tuple(id_ for id_ in both if id_ not in faults)
    points = [table.points[id_] for id_ in ids]
    return LabelledHands(
        ids,
        points,
        tuple(ages[id_].boneage_months for id_ in ids),
        tuple(ages[id_].sex for id_ in ids),
        frozenset(),
        tuple(Refusal(id_, str(table.path), fault) for id_, fault in faults.items()),
        digest=_fingerprint(table.names, [hand.positions.tolist() for hand in points]),
    )


def _make_file(path: Path, make: Callable[..., T], pack: Callable[[T], bytes], arguments: tuple[Any, ...]) -> None:
    write_atomically(path, pack(make(*arguments)))


def _read_file(path: Path, unpack: Callable[[bytes], T]) -> T:
    try:
        return unpack(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableOutput(path, f"is damaged ({error}): remove it") from error


def _describe_files(hands: Collection) -> list[Any]:
    described = []
    for id_, path in hands.paths.items():
        state = path.stat()
        side = hands.landmarks.laterality.get(id_) if hands.landmarks else None
        described.append([id_, path.name, state.st_size, state.st_mtime_ns, hands.sizes.get(id_), side])
    return described


def _describe_cutting(cutting: Cutting) -> list[Any]:
    return [cutting.kind, cutting.side, [repr(site) for site in cutting.sites]]


def _fingerprint_localiser(localiser: ForestLocaliser) -> str:
    config, arrays = localiser.to_state()
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _fingerprint(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
