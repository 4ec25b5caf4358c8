"""Many radiographs brought to one standard form: a picture and a row each, and a sheet to look them over."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image

from boneage.imaging import Scan
from boneage.imaging.progress import Progress
from boneage.imaging.standardise import StandardisedScan, StandardiseSettings, standardise
from boneage.pipeline.assessment import Status
from boneage.pipeline.batch.file_processing import Output, WholeFiles
from boneage.pipeline.batch.run import RunOptions, run_files
from boneage.pipeline.batch.stored_results import StoredResults
from boneage.pipeline.batch.tasks import FileTask, make_tasks
from boneage.pipeline.quality import find_modality_mismatch
from boneage.pipeline.storage.output import (
    encode_png,
    name_output,
    prepare_folder,
    write_atomically,
    write_picture,
    write_rows,
)
from boneage.pipeline.visualisation.contact_sheet import PAIRS_PER_PAGE, draw_contact_sheet, draw_pair

_CORNERS = ("top_left", "top_right", "bottom_right", "bottom_left")
_MATRIX = ("x_from_x", "x_from_y", "x_offset", "y_from_x", "y_from_y", "y_offset")


@dataclass(frozen=True, eq=False)
class StandardisationResult:
    """What standardising found in one file; ``reason`` is why it found nothing, or what a reader should know.

    ``cells`` are what the table has of it; ``pair`` is the picture before and after, as PNG, until it is written.
    """

    id: str
    path: str
    reason: str = ""
    cells: Mapping[str, object] = dataclasses.field(default_factory=dict)
    pair: bytes = b""

    @property
    def status(self) -> Status:
        """``refused`` if it is not standardised, ``flagged`` with a finding, else ``ok``."""
        return "refused" if not self.cells else "flagged" if self.reason else "ok"

    def row(self) -> dict[str, object]:
        """Return the row of the table; of a refused file without what was found."""
        return {"id": self.id, "path": self.path, "status": self.status, "reason": self.reason, **self.cells}

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, without the picture."""
        return {"id": self.id, "path": self.path, "reason": self.reason, "cells": dict(self.cells)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it."""
        return cls(data["id"], data["path"], data["reason"], data["cells"])


@dataclass(frozen=True, eq=False)
class Standardisation(WholeFiles):
    """Standardises files; a :class:`~boneage.pipeline.batch.outcome.StoredProcessor`.

    Parameters
    ----------
    settings : StandardiseSettings
    pictures : Path
        Folder of the standardised pictures.
    pairs : Path
        Folder of the small pictures before and after.
    """

    settings: StandardiseSettings
    pictures: Path
    pairs: Path

    def prepare(self) -> None:
        """Do nothing: there is no model."""

    def refuse(self, task: FileTask, reason: str) -> StandardisationResult:
        """Return a result without anything found."""
        return StandardisationResult(task.id, task.name, reason)

    def process(self, task: FileTask, scan: Scan) -> StandardisationResult:
        """Standardise a radiograph and write it; refuse a volume."""
        if scan.ndim != 2:
            return self.refuse(task, find_modality_mismatch(scan, "xray"))
        standardised = standardise(scan, self.settings)
        write_picture(self.pictures / name_output(task.id, ".png"), _to_picture(scan, standardised.scan))
        pair = encode_png(draw_pair(scan, standardised))
        reason = "; ".join((*scan.remarks, *(finding.sentence for finding in standardised.findings)))
        return StandardisationResult(task.id, task.name, reason, _to_cells(standardised), pair)

    def outputs(self, task: FileTask, scan: Scan, result: StandardisationResult) -> list[Output]:
        """Return the picture before and after; the standardised one is written when it is made."""
        path = self.pairs / name_output(task.id, ".png")
        return [("pair of pictures", lambda: write_atomically(path, result.pair))] if result.pair else []

    def finish(self, result: StandardisationResult, remarks: Sequence[str]) -> StandardisationResult:
        """Return the result with remarks, without the picture."""
        reason = "; ".join(filter(None, (result.reason, *remarks)))
        return dataclasses.replace(result, reason=reason, pair=b"")

    def to_json(self, result: StandardisationResult) -> dict[str, Any]:
        """Return the result as JSON data."""
        return result.to_json()


def standardise_files(
    paths: Sequence[Path],
    out: Path,
    *,
    sizes: Mapping[str, tuple[int, ...]],
    settings: StandardiseSettings | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    options: RunOptions | None = None,
) -> StoredResults[StandardisationResult]:
    """Standardise every file and write what was found into ``out``.

    Results go into ``results.sqlite`` as they come, with ``pictures/<id>.png`` (16 bit where the file's grey values
    exceed 255, else 8) and ``pairs/<id>.png`` (small, before and after); at the end it writes ``standardised.csv`` (a
    row a file), ``timings.csv`` and ``contact_sheet.png``, ``contact_sheet_2.png`` …: all pairs.

    Parameters
    ----------
    paths : sequence of Path
    out : Path
    sizes : mapping
        Original shape (rows, columns) by id or path, of files that are resized copies.
    settings : StandardiseSettings, optional
    jobs : int
        Number of processes.
    progress : callable, optional
    options : RunOptions, optional

    Returns
    -------
    sequence of StandardisationResult
        In the order of ``paths``, read from the results file as they are asked for.

    Raises
    ------
    UnusableOutput
        If the folder cannot be written to, holds results of other settings or another version of the code, or another
        run writes into it.
    """
    options, settings = options or RunOptions(), settings or StandardiseSettings()
    folder = prepare_folder(out.absolute())
    pairs = prepare_folder(folder / "pairs")
    results = StoredResults(folder, StandardisationResult.from_json)
    run_files(
        Standardisation(settings, prepare_folder(folder / "pictures"), pairs),
        make_tasks(paths, sexes=None, sizes=sizes, base=options.base, notes=options.notes),
        folder,
        {"command": "standardise", "settings": _digest(settings)},
        {
            "standardised.csv": lambda: _write_table(folder / "standardised.csv", results),
            "contact_sheet.png": lambda: _write_contact_sheets(folder, pairs, results),
        },
        stage="standardising",
        jobs=jobs,
        options=options,
        progress=progress,
    )
    return results


def _digest(settings: StandardiseSettings) -> str:
    return hashlib.sha256(json.dumps(dataclasses.asdict(settings), sort_keys=True).encode()).hexdigest()[:8]


def _write_table(path: Path, results: Sequence[StandardisationResult]) -> None:
    found = next((list(result.cells) for result in results if result.cells), [])
    columns = ("id", "path", "status", "reason", *found)
    write_rows(path, ({**dict.fromkeys(columns, ""), **result.row()} for result in results), columns)


def _write_contact_sheets(folder: Path, pairs: Path, results: Iterable[StandardisationResult]) -> None:
    shown = _read_pairs(pairs, results)
    for page in itertools.count(1):
        pictures = list(itertools.islice(shown, PAIRS_PER_PAGE))
        if not pictures:
            return
        name = "contact_sheet.png" if page == 1 else f"contact_sheet_{page}.png"
        write_picture(folder / name, draw_contact_sheet(pictures))


def _read_pairs(folder: Path, results: Iterable[StandardisationResult]) -> Iterator[tuple[str, bytes]]:
    """Yield the id and the picture before and after of each file that has one."""
    for result in results:
        path = folder / name_output(result.id, ".png")
        if result.cells and path.is_file():
            yield result.id, path.read_bytes()


def _to_picture(scan: Scan, standardised: Scan) -> Image.Image:
    """Return a standardised scan as a grey picture of as many bits as the file's grey values need."""
    if scan.pixels.max() > 255:
        return Image.fromarray(np.rint(standardised.pixels * 65535).astype(np.uint16))
    return Image.fromarray(np.rint(standardised.pixels * 255).astype(np.uint8))


def _to_cells(standardised: StandardisedScan) -> dict[str, object]:
    """Return the row of the table; positions are x, y in the file's pixels, but for the matrix."""
    field, polarity, window = standardised.field, standardised.polarity, standardised.window
    mask, upright = standardised.mask, standardised.upright
    cells: dict[str, object] = {}
    for name, (row, column) in zip(_CORNERS, field.corners.tolist(), strict=True):
        cells |= {f"field_{name}_x": f"{column:.1f}", f"field_{name}_y": f"{row:.1f}"}
    matrix = standardised.scan.frame_to_original().matrix[:2][::-1][:, [1, 0, 2]]
    return {
        **cells,
        "field_sides": field.n_sides,
        "field_rotation_rad": f"{field.rotation_rad:.4f}",
        "field_confidence": f"{field.confidence:.3f}",
        "inverted": polarity.inverted,
        "inverted_confidence": f"{polarity.confidence:.3f}",
        "grey_at_0": f"{window.low:.6g}",
        "grey_at_1": f"{window.high:.6g}",
        "grey_confidence": f"{window.confidence:.3f}",
        "mask_quality": f"{mask.quality:.3f}",
        "n_hands": mask.n_hands,
        "hand_length": f"{mask.length:.0f}",
        "hand_reaches": " ".join(mask.touches),
        "upright_rotation_rad": f"{upright.rotation_rad:.4f}",
        "upright_confidence": f"{upright.confidence:.3f}",
        "laterality": upright.laterality or "",
        "laterality_confidence": f"{upright.laterality_confidence:.3f}",
        "findings": " ".join(finding.kind.replace(" ", "_") for finding in standardised.findings),
        **{f"original_{name}": f"{value:.8g}" for name, value in zip(_MATRIX, matrix.ravel().tolist(), strict=True)},
    }
