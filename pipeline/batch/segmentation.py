"""The ossification centres of many files: label maps, a picture and a row a centre each."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from boneage.imaging import Scan
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Status
from boneage.pipeline.batch.file_processing import Output, WholeFiles
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.processes import one_torch_thread
from boneage.pipeline.batch.run import RunOptions, run_files
from boneage.pipeline.batch.stored_results import StoredResults
from boneage.pipeline.batch.tasks import FileTask, make_tasks
from boneage.pipeline.centres import CentreModel
from boneage.pipeline.hand_centres import HandCentres
from boneage.pipeline.located_hand import locate_hand
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.quality import find_modality_mismatch
from boneage.pipeline.storage.output import name_output, prepare_folder, write_atomically, write_picture, write_rows
from boneage.pipeline.visualisation.centres import draw_centres
from boneage.pipeline.visualisation.outlines import to_palette_image
from boneage.regression.segmentation.anatomy import UNNAMED, list_centres
from boneage.regression.segmentation.measures import CentreMeasure
from boneage.regression.segmentation.segmenter import KINDS

CENTRE_COLUMNS = (
    "id", "kind", "centre", "group", "present", "probability", "score", "x", "y", "area_percent", "width_percent",
    "height_percent", "area_mm2", "width_mm", "height_mm", "relative_width",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class SegmentationResult:
    """The centres of one file; ``reason`` is why there are none, or why they are doubtful.

    ``centres`` are the cells of a row each, ``counts`` those of the file's row.
    """

    id: str
    path: str
    reason: str = ""
    centres: Sequence[Mapping[str, object]] = ()
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    found: HandCentres | None = None

    @property
    def status(self) -> Status:
        """``refused`` without centres, ``flagged`` with a reservation, else ``ok``."""
        return "refused" if not self.centres else "flagged" if self.reason else "ok"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, without label maps."""
        return {name: getattr(self, name) for name in ("id", "path", "reason", "centres", "counts")}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it."""
        return cls(data["id"], data["path"], data["reason"], data["centres"], data["counts"])


@dataclass(frozen=True, eq=False)
class Segmentation(WholeFiles):
    """Outlines the centres of files; a :class:`~boneage.pipeline.batch.outcome.StoredProcessor`.

    Parameters
    ----------
    model : ModelReference
        Of a :class:`~boneage.pipeline.centres.CentreModel`.
    localiser : ModelReference
    folder : Path
        With the folders ``bones``, ``joints`` and ``overlays``.
    """

    model: ModelReference
    localiser: ModelReference
    folder: Path

    def prepare(self) -> None:
        """Load the models."""
        self._load()

    def refuse(self, task: FileTask, reason: str) -> SegmentationResult:
        """Return a result without centres."""
        return SegmentationResult(task.id, task.name, reason)

    def process(self, task: FileTask, scan: Scan) -> SegmentationResult:
        """Outline the centres of a scan, on one thread."""
        mismatch = find_modality_mismatch(scan, "xray")
        if mismatch:
            return self.refuse(task, mismatch)
        model, localiser = self._load()
        located = locate_hand(scan, localiser)
        with one_torch_thread():
            found = model.find(scan, located)
        if isinstance(found, str):
            return self.refuse(task, found)
        reason = "; ".join((*located.findings, *scan.remarks))
        counts = {
            "n_centres": found.n_centres,
            "n_joints": sum(measure.present for measure in found.measures["joints"]),
            **{f"n_unnamed_{kind}": found.n_unnamed[kind] for kind in KINDS},
        }
        return SegmentationResult(task.id, task.name, reason, list_rows(task.id, found), counts, found)

    def outputs(self, task: FileTask, scan: Scan, result: SegmentationResult) -> list[Output]:
        """Return the label maps and the overlay."""
        found = result.found
        if found is None:
            return []
        name = name_output(task.id, ".png")

        def write_labels() -> None:
            for kind, labels in found.labels.items():
                write_picture(self.folder / kind / name, to_palette_image(labels))

        def draw() -> None:
            write_picture(self.folder / "overlays" / name, draw_centres(scan, found, task.id))

        return [("label maps", write_labels), ("overlay", draw)]

    def finish(self, result: SegmentationResult, remarks: Sequence[str]) -> SegmentationResult:
        """Return the result with remarks, without its label maps."""
        reason = "; ".join(filter(None, (result.reason, *remarks)))
        return dataclasses.replace(result, reason=reason, found=None)

    def to_json(self, result: SegmentationResult) -> dict[str, Any]:
        """Return the result as JSON data."""
        return result.to_json()

    def _load(self) -> tuple[CentreModel, ForestLocaliser]:
        return self.model.load(CentreModel.load), self.localiser.load(load_localiser)[0]


def segment_files(
    paths: Sequence[Path],
    model: Path,
    localiser: Path,
    out: Path,
    *,
    sizes: Mapping[str, tuple[int, ...]],
    jobs: int = 1,
    progress: Progress | None = None,
    options: RunOptions | None = None,
) -> StoredResults[SegmentationResult]:
    """Outline the ossification centres of every file and write them into ``out``.

    Results go into ``results.sqlite`` as they come. As files are read, label maps are written in original pixels,
    ``bones/<id>.png`` and ``joints/<id>.png``, and ``overlays/<id>.png``; at the end ``centres.csv`` (a row a centre),
    ``files.csv`` (a row a file), ``timings.csv`` and ``labels.json``, what the numbers in the label maps mean.

    Parameters
    ----------
    paths : sequence of Path
    model : Path
        Of a :class:`~boneage.pipeline.centres.CentreModel`.
    localiser : Path
        A trained localiser, or a pipeline that has one.
    out : Path
    sizes : mapping
        Original shape (rows, columns) by id or path, of files that are resized copies.
    jobs : int
        Number of processes.
    progress : callable, optional
    options : RunOptions, optional

    Raises
    ------
    InvalidModelFile, UnusableOutput
        As :func:`~boneage.pipeline.batch.prediction_run.predict_to_folder`.
    InvalidInput
        If the localiser lacks a landmark that the model needs.
    """
    options = options or RunOptions()
    references = ModelReference.of(model), ModelReference.of(localiser)
    references[0].load(CentreModel.load).check_localiser(references[1].load(load_localiser)[0])
    folder = prepare_folder(out.absolute())
    for name in (*KINDS, "overlays"):
        prepare_folder(folder / name)
    results = StoredResults(folder, SegmentationResult.from_json)
    run_files(
        Segmentation(*references, folder),
        make_tasks(paths, sexes=None, sizes=sizes, base=options.base, notes=options.notes),
        folder,
        {"command": "segment", "model": " and ".join(reference.name for reference in references)},
        _list_exports(folder, results),
        stage="outlining hands",
        jobs=jobs,
        options=options,
        progress=progress,
    )
    return results


def list_rows(id_: str, found: HandCentres) -> list[dict[str, object]]:
    """Return the cells of a row a centre; empty where there is nothing to measure."""
    percent, mm = 100.0, found.hand_length_mm
    return [
        dict(
            zip(
                CENTRE_COLUMNS,
                (
                    id_, kind, measure.name, measure.group, int(measure.present), f"{measure.probability:.4f}",
                    _cell(measure.score, 4), _cell(measure.column, 2), _cell(measure.row, 2),
                    *(_cell(value, 4) for value in _lengths(measure, percent)),
                    *(_cell(value, 3) for value in _lengths(measure, mm)),
                    _cell(measure.relative_width, 3),
                ),
                strict=True,
            )
        )
        for kind in KINDS
        for measure in found.measures[kind]
    ]  # fmt: skip


def _lengths(measure: CentreMeasure, hand_length: float) -> tuple[float, float, float]:
    """Return area, width and height where the hand has a length."""
    return measure.area * hand_length**2, measure.width * hand_length, measure.height * hand_length


def _cell(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _list_exports(folder: Path, results: Sequence[SegmentationResult]) -> dict[str, Callable[[], None]]:
    def list_all() -> Iterator[Mapping[str, object]]:
        return (row for result in results for row in result.centres)

    names = {
        kind: {**{str(k): name for k, name in enumerate(list_centres(kind), start=1)}, str(UNNAMED): "unnamed"}
        for kind in KINDS
    }
    return {
        "centres.csv": lambda: write_rows(folder / "centres.csv", list_all(), CENTRE_COLUMNS),
        "files.csv": lambda: write_rows(folder / "files.csv", (_file_row(result) for result in results)),
        "labels.json": lambda: write_atomically(folder / "labels.json", json.dumps(names, indent=1) + "\n"),
    }


def _file_row(result: SegmentationResult) -> dict[str, object]:
    counts = ("n_centres", "n_joints", *(f"n_unnamed_{kind}" for kind in KINDS))
    return {
        "id": result.id,
        "path": result.path,
        "status": result.status,
        "reason": result.reason,
        **{name: result.counts.get(name, "") for name in counts},
    }
