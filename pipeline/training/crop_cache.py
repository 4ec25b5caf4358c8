"""Steps run over many hands, in parallel; a result that is stored in a file is not computed again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from boneage.imaging import Collection
from boneage.imaging.errors import UnusableOutput
from boneage.imaging.progress import Progress
from boneage.pipeline.batch.file_state import digest_unchanged, state_file
from boneage.pipeline.batch.processes import run_in_processes
from boneage.pipeline.storage.code_version import compute_code_version
from boneage.pipeline.storage.output import prepare_folder, write_atomically

_CHUNK = 25  # hands that a process is given at once


class StoredResult(Protocol):
    """What a step computes of one hand."""

    def to_bytes(self) -> bytes:
        """Return the content of its file."""


Result = TypeVar("Result", bound=StoredResult)


class Step(Protocol[Result]):
    """One step, for any hand of a collection; it can be pickled."""

    @property
    def stage(self) -> str:
        """What the step does, for progress."""

    def name_file(self, key: str) -> str:
        """Return the name of a result's file."""

    def describe(self, hands: Collection, id_: str) -> Any:
        """Return what a hand's result rests on, apart from the image and the code, as JSON data."""

    def restrict(self, ids: Sequence[str]) -> Step[Result]:
        """Return the step with no more data than some hands need."""

    def run(self, hands: Collection, id_: str) -> Result:
        """Compute the result of a hand."""

    def read(self, content: bytes) -> Result:
        """Read the content of a result's file; may raise ValueError, KeyError or TypeError."""


@dataclass(frozen=True)
class CropCache:
    """Results by hand and step.

    The key of a result is made of the step and what it rests on: the image's name and content, and the version of the
    code (:func:`~boneage.pipeline.storage.code_version.compute_code_version`). Copies of a folder share results.

    Parameters
    ----------
    folder : Path or None
        Where results are stored; in a temporary folder if not given.
    jobs : int
        Number of processes; the results do not depend on it.
    report : callable, optional
    """

    folder: Path | None = None
    jobs: int = 1
    report: Progress | None = None

    def cached(self, step: Step[Result], hands: Collection) -> dict[str, Result]:
        """Return the results of a step for all hands, by id.

        1. Run the step for the hands without a stored result, in processes, and store each result.
        2. Read all results.

        Raises
        ------
        UnusableOutput
            If the folder cannot be written to, or a result in it is damaged.
        """
        with self._open_folder() as folder:
            paths = {}
            for n, id_ in enumerate(hands.ids, start=1):
                paths[id_] = folder / step.name_file(_make_key(step, hands, id_))
                if self.report is not None:
                    self.report("comparing files", n / len(hands.ids))
            missing = [id_ for id_, path in paths.items() if not path.exists()]
            chunks = [missing[start : start + _CHUNK] for start in range(0, len(missing), _CHUNK)]
            calls = [
                partial(_run_and_store, step.restrict(ids), _restrict_tables(hands, ids), [paths[id_] for id_ in ids])
                for ids in chunks
            ]
            for _ in run_in_processes(calls, self.jobs, stage=step.stage, report=self.report):
                pass
            return {id_: _load(step, path) for id_, path in paths.items()}

    @contextmanager
    def _open_folder(self) -> Iterator[Path]:
        if self.folder is not None:
            yield prepare_folder(self.folder)
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder)


def describe_file(hands: Collection, id_: str) -> list[Any]:
    """Return what identifies an image, as JSON data: its name and content, and what tables add to it.

    An image that cannot be read has its place instead of its content.
    """
    path = hands.paths[id_]
    content = digest_unchanged(path) or str(path.absolute())
    laterality = hands.landmarks.laterality.get(id_) if hands.landmarks is not None else None
    return [path.name, state_file(path).size, content, hands.sizes.get(id_), laterality]


def fingerprint(*parts: Any) -> str:
    """Return a digest of JSON data."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _make_key(step: Step[Any], hands: Collection, id_: str) -> str:
    return fingerprint(compute_code_version(), describe_file(hands, id_), step.describe(hands, id_))


def _restrict_tables(hands: Collection, ids: Sequence[str]) -> Collection:
    """Return some hands with no more of the tables than it takes to read them."""
    restricted = dataclasses.replace(hands.subset(ids), ages={})
    table = restricted.landmarks
    if table is None:
        return restricted
    points = {id_: table.points[id_] for id_ in ids if id_ in table.points}
    return dataclasses.replace(restricted, landmarks=dataclasses.replace(table, points=points))


def _run_and_store(step: Step[Any], hands: Collection, paths: Sequence[Path]) -> None:
    for id_, path in zip(hands.ids, paths, strict=True):
        write_atomically(path, step.run(hands, id_).to_bytes())


def _load(step: Step[Result], path: Path) -> Result:
    try:
        return step.read(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableOutput(path, f"is damaged ({error}): remove it") from error
