"""Many radiographs brought to one standard form: a picture and a row each, and a sheet to look them over."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from boneage.imaging import Scan
from boneage.imaging.progress import Progress
from boneage.imaging.standardise import StandardisedScan, StandardiseSettings, standardise
from boneage.pipeline.assessment import Status
from boneage.pipeline.batch.folder import Output, WholeFiles, run_folder
from boneage.pipeline.batch.tasks import FileTask, make_tasks
from boneage.pipeline.quality import find_modality_mismatch
from boneage.pipeline.storage.output import encode_png, name_output, prepare_folder, write_picture, write_table
from boneage.pipeline.visualisation.contact_sheet import PAIRS_PER_PAGE, draw_contact_sheet, draw_pair

_CORNERS = ("top_left", "top_right", "bottom_right", "bottom_left")
_MATRIX = ("x_from_x", "x_from_y", "x_offset", "y_from_x", "y_from_y", "y_offset")


@dataclass(frozen=True, eq=False)
class StandardisationResult:
    """What standardising found in one file; ``reason`` is why it found nothing, or what a reader should know.

    ``cells`` are what the table has of it, ``pair`` is the picture before and after, as PNG.
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


@dataclass(frozen=True, eq=False)
class Standardisation(WholeFiles):
    """Standardises files; a :class:`~boneage.pipeline.batch.folder.FileProcessor`.

    Parameters
    ----------
    settings : StandardiseSettings
    pictures : Path
        Folder of the standardised pictures.
    """

    settings: StandardiseSettings
    pictures: Path

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
        """Return nothing: the picture is written when it is made."""
        return []

    def finish(self, result: StandardisationResult, remarks: Sequence[str]) -> StandardisationResult:
        """Return the result with remarks."""
        return dataclasses.replace(result, reason="; ".join(filter(None, (result.reason, *remarks))))


def standardise_files(
    paths: Sequence[Path],
    out: Path,
    *,
    sizes: Mapping[str, tuple[int, ...]],
    settings: StandardiseSettings | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[StandardisationResult]:
    """Standardise every file and write what was found into ``out``.

    Writes ``pictures/<id>.png`` (16 bit where the file's grey values exceed 255, else 8), ``standardised.csv`` (a row a
    file) and ``contact_sheet.png``, ``contact_sheet_2.png`` …: every picture before and after.

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

    Returns
    -------
    list of StandardisationResult
        In the order of ``paths``.

    Raises
    ------
    UnusableOutput
        If the folder cannot be written to.
    """
    folder = prepare_folder(out)
    processor = Standardisation(settings or StandardiseSettings(), prepare_folder(folder / "pictures"))
    tasks = make_tasks(paths, sexes=None, sizes=sizes)
    results = run_folder(processor, tasks, stage="standardising", jobs=jobs, progress=progress)
    columns = next((list(result.cells) for result in results if result.cells), [])
    rows = [
        {"id": r.id, "path": r.path, "status": r.status, "reason": r.reason, **dict.fromkeys(columns, ""), **r.cells}
        for r in results
    ]
    write_table(folder / "standardised.csv", rows, ("id", "path", "status", "reason", *columns))
    shown = [(result.id, result.pair) for result in results if result.pair]
    for page, first in enumerate(range(0, len(shown), PAIRS_PER_PAGE), start=1):
        name = "contact_sheet.png" if page == 1 else f"contact_sheet_{page}.png"
        write_picture(folder / name, draw_contact_sheet(shown[first : first + PAIRS_PER_PAGE]))
    return results


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
