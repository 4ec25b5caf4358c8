"""The ossification centres of many files: label maps, a picture and a row a centre each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from boneage.imaging import Scan
from boneage.imaging.progress import Progress
from boneage.imaging.volumes.label_maps import encode_label_map
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Status
from boneage.pipeline.batch.centre_tables import CENTRE_COLUMNS, list_label_exports, list_rows
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
from boneage.regression.segmentation.segmenter import KINDS


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
    nifti : bool
        Whether label maps are written as NIfTI files too.
    """

    model: ModelReference
    localiser: ModelReference
    folder: Path
    nifti: bool = False

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

        def write_nifti() -> None:
            for kind, labels in found.labels.items():
                content = encode_label_map(labels, scan.original_spacing_mm)
                write_atomically(self.folder / kind / name_output(task.id, ".nii.gz"), content)

        def draw() -> None:
            write_picture(self.folder / "overlays" / name, draw_centres(scan, found, task.id))

        nifti: list[Output] = [("NIfTI label maps", write_nifti)] if self.nifti else []
        return [("label maps", write_labels), *nifti, ("overlay", draw)]

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
    nifti: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
    options: RunOptions | None = None,
) -> StoredResults[SegmentationResult]:
    """Outline the ossification centres of every file and write them into ``out``.

    Results go into ``results.sqlite`` as they come. As files are read, label maps are written in original pixels,
    ``bones/<id>.png`` and ``joints/<id>.png``, and ``overlays/<id>.png``; at the end ``centres.csv`` (a row a centre),
    ``files.csv`` (a row a file), ``timings.csv`` and ``labels.json``, what the numbers in the label maps mean. With
    ``nifti`` also ``bones/<id>.nii.gz`` and ``joints/<id>.nii.gz``, and ``bones.ctbl`` and ``joints.ctbl``, the names
    for 3D Slicer.

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
    nifti : bool
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
        Segmentation(*references, folder, nifti),
        make_tasks(paths, sexes=None, sizes=sizes, base=options.base, notes=options.notes),
        folder,
        {"command": "segment", "model": " and ".join(reference.name for reference in references), "nifti": nifti},
        _list_exports(folder, results, nifti=nifti),
        stage="outlining hands",
        jobs=jobs,
        options=options,
        progress=progress,
    )
    return results


def _list_exports(folder: Path, results: Sequence[SegmentationResult], *, nifti: bool) -> dict[str, Callable[[], None]]:
    def list_all() -> Iterator[Mapping[str, object]]:
        return (row for result in results for row in result.centres)

    return {
        "centres.csv": lambda: write_rows(folder / "centres.csv", list_all(), CENTRE_COLUMNS),
        "files.csv": lambda: write_rows(folder / "files.csv", (_file_row(result) for result in results)),
        **list_label_exports(folder, nifti=nifti),
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
