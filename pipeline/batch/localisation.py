"""The landmarks of many files: one row and one picture each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage.imaging import Points, Scan
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser, VoteMap
from boneage.pipeline.assessment import Status
from boneage.pipeline.batch.folder import FileTask, Output, make_tasks, run_folder, write_points
from boneage.pipeline.quality import find_landmark_fault, find_modality_mismatch, modality_of
from boneage.pipeline.storage.output import name_output, prepare_folder, write_atomically, write_picture, write_table
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


@dataclass(frozen=True, eq=False)
class Localisation:
    """Locates the landmarks of files; a :class:`~boneage.pipeline.batch.folder.FileProcessor`.

    Parameters
    ----------
    localiser : ForestLocaliser
        Fitted.
    overlays : Path
        Folder of the overlays.
    votes : Path or None
        Folder of the vote maps; none are written if None.
    """

    localiser: ForestLocaliser
    overlays: Path
    votes: Path | None = None

    def refuse(self, task: FileTask, reason: str) -> LocalisationResult:
        """Return a result without landmarks."""
        return LocalisationResult(task.id, str(task.path), reason)

    def process(self, task: FileTask, scan: Scan) -> LocalisationResult:
        """Locate the landmarks of a scan, or refuse one of another modality."""
        mismatch = find_modality_mismatch(scan, modality_of(self.localiser.ndim))
        if mismatch:
            return self.refuse(task, mismatch)
        found = self.localiser.find(scan)
        fault = find_landmark_fault(found.points, found.verdict)
        reason = "; ".join(filter(None, (fault, *scan.remarks)))
        return LocalisationResult(task.id, str(task.path), reason, found.points, scan.original_shape, found.votes)

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


def locate_files(
    paths: Sequence[Path],
    localiser: ForestLocaliser,
    out: Path,
    *,
    sizes: Mapping[str, tuple[int, ...]],
    votes: bool = False,
    progress: Progress | None = None,
) -> list[LocalisationResult]:
    """Locate the landmarks of every file and write them into ``out``.

    Writes ``landmarks.csv`` (wide, original pixels), ``scores.csv`` (a row a landmark: its score, or why it is
    absent), ``files.csv`` (a row a file: ok, flagged or refused, and why) and ``overlays/<id>.png``; if asked for, also
    ``votes/<id>.npz`` (see :func:`~boneage.pipeline.visualisation.vote_maps.pack_votes`) and ``votes/<id>.png``.

    Parameters
    ----------
    paths : sequence of Path
    localiser : ForestLocaliser
        Fitted.
    out : Path
    sizes : mapping
        Original shape (rows, columns) by id or path, of files that are resized copies.
    votes : bool
        Whether to write the vote maps.
    progress : callable, optional

    Returns
    -------
    list of LocalisationResult
        In the order of ``paths``.

    Raises
    ------
    UnusableOutput
        If the folder cannot be written to.
    """
    folder = prepare_folder(out)
    maps = prepare_folder(folder / "votes") if votes else None
    processor = Localisation(localiser, prepare_folder(folder / "overlays"), maps)
    tasks = make_tasks(paths, sexes=None, sizes=sizes)
    results = run_folder(processor, tasks, stage="locating landmarks", progress=progress)
    found = {result.id: result.points for result in results if result.points is not None}
    shapes = {result.id: result.original_shape for result in results if result.original_shape is not None}
    write_points(folder / "landmarks.csv", found, localiser.names_, shapes)
    write_table(folder / "scores.csv", [row for r in results for row in _score_rows(r)], _SCORE_COLUMNS)
    write_table(folder / "files.csv", [_file_row(result) for result in results])
    return results


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
