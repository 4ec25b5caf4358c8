"""The landmarks of many files: one row and one picture each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from boneage.imaging import Points, Scan
from boneage.imaging.formats.wide import format_cells, name_columns
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser, VoteMap
from boneage.pipeline.assessment import Status
from boneage.pipeline.batch.file_processing import Output, WholeFiles
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.run import RunOptions, run_files
from boneage.pipeline.batch.stored_results import StoredResults
from boneage.pipeline.batch.tasks import FileTask, make_tasks
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.quality import find_landmark_fault, find_modality_mismatch, modality_of
from boneage.pipeline.storage.output import name_output, prepare_folder, write_atomically, write_picture, write_rows
from boneage.pipeline.visualisation.overlay import draw_landmarks
from boneage.pipeline.visualisation.vote_maps import draw_votes, pack_votes

_SCORE_COLUMNS = ("id", "landmark", "score", "reason")


@dataclass(frozen=True, eq=False)
class LocalisationResult:
    """The landmarks of one file; ``reason`` is why there are none, or why they are doubtful."""

    id: str
    path: str
    reason: str = ""
    points: Points | None = None
    original_shape: tuple[int, ...] | None = None
    votes: Sequence[VoteMap] = ()

    @property
    def status(self) -> Status:
        """``refused`` without landmarks, ``flagged`` with a reservation, else ``ok``."""
        return "refused" if self.points is None else "flagged" if self.reason else "ok"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, without votes."""
        points = None if self.points is None else self.points.to_json()
        plain = {name: getattr(self, name) for name in ("id", "path", "reason", "original_shape")}
        return {**plain, "points": points}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it."""
        shape = data["original_shape"]
        points = None if data["points"] is None else Points.from_json(data["points"])
        return cls(data["id"], data["path"], data["reason"], points, None if shape is None else tuple(shape))


@dataclass(frozen=True, eq=False)
class Localisation(WholeFiles):
    """Locates the landmarks of files; a :class:`~boneage.pipeline.batch.outcome.StoredProcessor`.

    Parameters
    ----------
    model : ModelReference
        A trained localiser, or a pipeline that has one.
    overlays : Path
        Folder of the overlays.
    votes : Path or None
        Folder of the vote maps; none are written if None.
    """

    model: ModelReference
    overlays: Path
    votes: Path | None = None

    @property
    def localiser(self) -> ForestLocaliser:
        """The localiser, loaded once a process."""
        return self.model.load(load_localiser)[0]

    def prepare(self) -> None:
        """Load the localiser."""
        self.model.load(load_localiser)

    def refuse(self, task: FileTask, reason: str) -> LocalisationResult:
        """Return a result without landmarks."""
        return LocalisationResult(task.id, task.name, reason)

    def process(self, task: FileTask, scan: Scan) -> LocalisationResult:
        """Locate the landmarks of a scan, or refuse one of another modality."""
        localiser = self.localiser
        mismatch = find_modality_mismatch(scan, modality_of(localiser.ndim))
        if mismatch:
            return self.refuse(task, mismatch)
        found = localiser.find(scan)
        fault = find_landmark_fault(found.points, found.verdict)
        reason = "; ".join(filter(None, (fault, *scan.remarks)))
        return LocalisationResult(task.id, task.name, reason, found.points, scan.original_shape, found.votes)

    def outputs(self, task: FileTask, scan: Scan, result: LocalisationResult) -> list[Output]:
        """Return the overlay, and the vote maps if they are asked for."""
        points, folder = result.points, self.votes
        if points is None:
            return []
        picture = name_output(task.id, ".png")
        outputs: list[Output] = []
        if folder is not None:
            packed = folder / name_output(task.id, ".npz")
            outputs.append(("vote maps", lambda: write_atomically(packed, pack_votes(points.names, result.votes))))
            outputs.append(
                ("picture of votes", lambda: write_picture(folder / picture, draw_votes(scan, points, result.votes)))
            )
        outputs.append(("overlay", lambda: write_picture(self.overlays / picture, draw_landmarks(scan, points))))
        return outputs

    def finish(self, result: LocalisationResult, remarks: Sequence[str]) -> LocalisationResult:
        """Return the result with remarks, without its votes."""
        reason = "; ".join(filter(None, (result.reason, *remarks)))
        return dataclasses.replace(result, reason=reason, votes=())

    def to_json(self, result: LocalisationResult) -> dict[str, Any]:
        """Return the result as JSON data."""
        return result.to_json()


def locate_files(
    paths: Sequence[Path],
    model: Path,
    out: Path,
    *,
    sizes: Mapping[str, tuple[int, ...]],
    votes: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
    options: RunOptions | None = None,
) -> StoredResults[LocalisationResult]:
    """Locate the landmarks of every file and write them into ``out``.

    Results go into ``results.sqlite`` as they come; at the end it writes ``landmarks.csv`` (wide, original pixels),
    ``scores.csv`` (a row a landmark: its score, or why it is absent), ``files.csv`` (a row a file: ok, flagged or
    refused, and why) and ``timings.csv``; as files are read, ``overlays/<id>.png`` and, if asked for,
    ``votes/<id>.npz`` (see :func:`~boneage.pipeline.visualisation.vote_maps.pack_votes`) and ``votes/<id>.png``.

    Parameters
    ----------
    paths : sequence of Path
    model : Path
        A trained localiser, or a pipeline that has one.
    out : Path
    sizes : mapping
        Original shape (rows, columns) by id or path, of files that are resized copies.
    votes : bool
        Whether to write the vote maps.
    jobs : int
        Number of processes.
    progress : callable, optional
    options : RunOptions, optional

    Returns
    -------
    sequence of LocalisationResult
        In the order of ``paths``, read from the results file as they are asked for.

    Raises
    ------
    InvalidModelFile, UnusableOutput
        As :func:`~boneage.pipeline.batch.prediction_run.predict_to_folder`.
    """
    options = options or RunOptions()
    reference = ModelReference.of(model)
    localiser, _ = reference.load(load_localiser)
    folder = prepare_folder(out.absolute())
    maps = prepare_folder(folder / "votes") if votes else None
    processor = Localisation(reference, prepare_folder(folder / "overlays"), maps)
    results = StoredResults(folder, LocalisationResult.from_json)
    run_files(
        processor,
        make_tasks(paths, sexes=None, sizes=sizes, base=options.base, notes=options.notes),
        folder,
        {"command": "landmarks locate", "model": reference.name, "votes": votes},
        _list_exports(folder, localiser, results),
        stage="locating landmarks",
        jobs=jobs,
        options=options,
        progress=progress,
    )
    return results


def _list_exports(
    folder: Path, localiser: ForestLocaliser, results: Sequence[LocalisationResult]
) -> dict[str, Callable[[], None]]:
    sizes = ["width", "height", "depth"][: localiser.ndim]
    columns = name_columns(localiser.names_, localiser.ndim)

    def write_landmarks() -> None:
        rows = _list_landmarks(localiser.names_, sizes, columns, results)
        write_rows(folder / "landmarks.csv", rows, ["id", *sizes, *columns])

    def write_scores() -> None:
        rows = (row for result in results for row in _score_rows(result))
        write_rows(folder / "scores.csv", rows, _SCORE_COLUMNS)

    return {
        "landmarks.csv": write_landmarks,
        "scores.csv": write_scores,
        "files.csv": lambda: write_rows(folder / "files.csv", (_file_row(result) for result in results)),
    }


def _list_landmarks(
    names: Sequence[str], sizes: Sequence[str], columns: Sequence[str], results: Iterable[LocalisationResult]
) -> Iterator[Mapping[str, object]]:
    for result in results:
        if result.points is not None and result.original_shape is not None:
            size = dict(zip(sizes, reversed(result.original_shape), strict=True))
            yield {"id": result.id, **size, **dict(zip(columns, format_cells(result.points, names), strict=True))}


def _score_rows(result: LocalisationResult) -> Iterator[dict[str, object]]:
    if result.points is not None and result.points.scores is not None and result.points.reasons is not None:
        cells = zip(result.points.names, result.points.scores, result.points.reasons, strict=True)
        for name, score, reason in cells:
            yield {"id": result.id, "landmark": name, "score": f"{score:.4f}", "reason": reason}


def _file_row(result: LocalisationResult) -> dict[str, object]:
    row: dict[str, object] = {
        "id": result.id,
        "path": result.path,
        "status": result.status,
        "reason": result.reason,
        "n_landmarks": "",
        "worst_landmark": "",
        "worst_score": "",
    }
    if result.points is not None and result.points.scores is not None:
        scores = np.nan_to_num(result.points.scores, nan=0.0)
        worst = int(np.argmin(scores))
        row["n_landmarks"] = int(result.points.present.sum())
        row["worst_landmark"], row["worst_score"] = result.points.names[worst], f"{scores[worst]:.4f}"
    return row
