"""Locating landmarks in many files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage.imaging import Points, UnreadableScan, read_scan, scan_id, write_landmarks
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Status
from boneage.pipeline.batch.prediction import name_files
from boneage.pipeline.quality import find_landmark_fault, find_modality_mismatch, modality_of
from boneage.pipeline.storage.output import prepare_folder, write_atomically, write_table
from boneage.pipeline.visualisation.overlay import draw_landmarks
from boneage.pipeline.visualisation.vote_maps import draw_votes, pack_votes


@dataclass(frozen=True, eq=False)
class LocalisationResult:
    """The landmarks of one file; ``reason`` says why there are none, or why not to build on them."""

    id: str
    path: str
    reason: str = ""
    points: Points | None = None
    original_shape: tuple[int, ...] | None = None

    @property
    def status(self) -> Status:
        """``refused`` without landmarks, ``flagged`` with a reservation, else ``ok``."""
        return "refused" if self.points is None else "flagged" if self.reason else "ok"


def locate_files(
    paths: Sequence[Path],
    localiser: ForestLocaliser,
    out: Path,
    *,
    sizes: Mapping[str, tuple[int, ...]],
    votes: bool = False,
    follow: Callable[[Iterator[LocalisationResult]], Iterable[LocalisationResult]] = lambda results: results,
) -> list[LocalisationResult]:
    """Locate the landmarks of every file and write them into ``out``.

    Writes ``landmarks.csv`` (wide, original pixels), ``scores.csv`` (a row a landmark: how sure, or why it is
    absent), ``files.csv`` (a row a file: ok, flagged or refused, and why) and ``overlays/<id>.png``; if asked for, also
    ``votes/<id>.npz`` (see :func:`~boneage.pipeline.visualisation.vote_maps.pack_votes`) and ``votes/<id>.png``.

    Parameters
    ----------
    paths : sequence of Path
    localiser : ForestLocaliser
        Fitted.
    out : Path
    sizes : mapping
        Original shape (rows, columns) by id, of files that are resized copies.
    votes : bool
        Whether to write the vote maps.
    follow : callable, optional
        Wraps the stream of results, e.g. to show progress.

    Returns
    -------
    list of Located
        In the order of ``paths``.

    Raises
    ------
    UnusableOutput
        If the folder cannot be written to.
    """
    folder = prepare_folder(out)
    pictures = prepare_folder(folder / "overlays")
    maps = prepare_folder(folder / "votes") if votes else None
    jobs = zip(name_files(paths), paths, strict=True)
    results = list(follow(_locate(id_, p, localiser, sizes.get(scan_id(p)), pictures, maps) for id_, p in jobs))
    found = {result.id: result.points for result in results if result.points is not None}
    shapes = {result.id: result.original_shape for result in results if result.original_shape is not None}
    write_landmarks(folder / "landmarks.csv", found, original_shapes=shapes, names=localiser.names_)
    score_columns = ("id", "landmark", "score", "reason")
    write_table(folder / "scores.csv", [row for r in results for row in _score_rows(r)], score_columns)
    write_table(folder / "files.csv", [_file_row(result) for result in results])
    return results


def _locate(
    id_: str,
    path: Path,
    localiser: ForestLocaliser,
    original_shape: tuple[int, ...] | None,
    pictures: Path,
    maps: Path | None,
) -> LocalisationResult:
    try:
        scan = read_scan(path, original_shape)
    except UnreadableScan as error:
        return LocalisationResult(id_, str(path), error.reason)
    misfit = find_modality_mismatch(scan, modality_of(localiser.ndim))
    if misfit:
        return LocalisationResult(id_, str(path), misfit)
    points, votes = localiser.locate_with_votes(scan)
    if maps is not None:
        write_atomically(maps / f"{id_}.npz", pack_votes(points.names, votes))
        draw_votes(scan, points, votes).save(maps / f"{id_}.png")
    draw_landmarks(scan, points).save(pictures / f"{id_}.png")
    return LocalisationResult(id_, str(path), find_landmark_fault(points), points, scan.original_shape)


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
