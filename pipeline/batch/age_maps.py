"""Maps of the ages of many files: one picture and one table each, and a row in a common one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from boneage.imaging import Scan
from boneage.imaging.demographics import Sexes
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.file_processing import Output, WholeFiles
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.processes import one_torch_thread
from boneage.pipeline.batch.run import RunOptions, run_files
from boneage.pipeline.batch.stored_results import StoredResults
from boneage.pipeline.batch.tasks import FileTask, make_tasks
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.assessment_json import assessment_from_json, assessment_to_json
from boneage.pipeline.storage.output import name_output, prepare_folder, write_picture, write_rows, write_table
from boneage.pipeline.visualisation.age_maps import draw_age_map, list_map_rows
from boneage.regression import AgeMap, find_smallest_side, map_ages, map_regions, recrop

_COLUMNS = ("bone_age_months", "map_months", "lowest_months", "median_months", "highest_months", "cells")


@dataclass(frozen=True, eq=False)
class MappedHand:
    """The assessment of a hand, the cells of its map in ``age_maps.csv``, and the map where it is still needed."""

    assessment: Assessment
    cells: Mapping[str, object]
    age_map: AgeMap | None = None

    @property
    def id(self) -> str:
        """Of the hand."""
        return self.assessment.id

    @property
    def status(self) -> str:
        """Of the assessment."""
        return self.assessment.status

    @property
    def reason(self) -> str:
        """Of the assessment."""
        return self.assessment.reason

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it, without the map."""
        return cls(assessment_from_json(data["assessment"]), data["cells"])


@dataclass(frozen=True, eq=False)
class AgeMapping(WholeFiles):
    """Maps the ages of files; a :class:`~boneage.pipeline.batch.outcome.StoredProcessor`.

    Parameters
    ----------
    model : ModelReference
        Of one age model, or of several one of which reads the hand as one picture.
    maps : Path
        Folder of the pictures and tables.
    side : int or None
        Of the picture that the map is made of, in pixels; that of training if None.
    """

    model: ModelReference
    maps: Path
    side: int | None = None

    @property
    def pipeline(self) -> BoneAgePipeline:
        """The age model that is mapped, loaded once a process."""
        return _choose_age_model(self.model.load(BoneAgePipeline.load))

    def prepare(self) -> None:
        """Load the model."""
        self.model.load(BoneAgePipeline.load)

    def refuse(self, task: FileTask, reason: str) -> MappedHand:
        """Return a refused assessment and no map."""
        return _describe(Assessment(task.id, task.name, "refused", reason, task.sex), None)

    def process(self, task: FileTask, scan: Scan) -> MappedHand:
        """Assess a scan and map its ages, on one thread; there is no map of a refused hand."""
        pipeline = self.pipeline
        with one_torch_thread():
            result = pipeline.assess(scan, sex=task.sex, id_=task.id, path=task.name)
            if not result.regions:
                return _describe(result, None)
            (stack,) = result.stacks
            if len(stack.names) > 1:
                return _describe(result, map_regions(result.estimate, stack) if result.estimate else None)
            stack = recrop(scan, stack, self.side) if self.side else stack
            return _describe(result, map_ages(pipeline.only_age_model.regressor, stack, result.sex))

    def outputs(self, task: FileTask, scan: Scan, result: MappedHand) -> list[Output]:
        """Return the picture and the table of a map."""
        assessment, age_map = result.assessment, result.age_map
        if age_map is None:
            return []
        picture, table = (self.maps / name_output(task.id, suffix) for suffix in (".png", ".csv"))
        return [
            ("map", lambda: write_picture(picture, draw_age_map(scan, assessment, age_map))),
            ("table of the map", lambda: write_table(table, list(list_map_rows(age_map)))),
        ]

    def finish(self, result: MappedHand, remarks: Sequence[str]) -> MappedHand:
        """Return the assessment with remarks, without its crops and its map."""
        return MappedHand(result.assessment.with_remarks(remarks).without_regions(), result.cells)

    def to_json(self, result: MappedHand) -> dict[str, Any]:
        """Return the result as JSON data."""
        return {"assessment": assessment_to_json(result.assessment), "cells": dict(result.cells)}


def map_files(
    paths: Sequence[Path],
    model: Path,
    out: Path,
    *,
    sexes: Sexes,
    sizes: Mapping[str, tuple[int, ...]],
    side: int | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    options: RunOptions | None = None,
) -> Sequence[Assessment]:
    """Map the ages of files with the pipeline in ``model`` and write the results into ``out``.

    Results go into ``results.sqlite`` as they come, with ``maps/<id>.png`` and ``maps/<id>.csv`` (a row a cell); at the
    end it writes ``age_maps.csv`` (a row a file) and ``timings.csv``.

    Parameters
    ----------
    paths : sequence of Path
    model : Path
        A pipeline's ``.boneage`` file. A single age model is mapped, of pictures of the hand or of its regions; of
        several that which reads the hand as one picture.
    out : Path
    sexes, sizes : mapping
        Sex and original shape (rows, columns) by id or path, where known; ``sexes`` may be one sex for all files.
    side : int, optional
        Of the picture that the map is made of, in pixels; that of training if not given. Not for regions.
    jobs : int
        Number of processes.
    progress : callable, optional
    options : RunOptions, optional

    Returns
    -------
    sequence of Assessment
        In the order of ``paths``, without regions, read from the results file as they are asked for.

    Raises
    ------
    InvalidModelFile, UnusableOutput
        If the model cannot be used, or the folder not written to.
    InvalidInput
        If the model makes no maps, as those for volumes, or its network reads no picture of ``side``.
    """
    options = options or RunOptions()
    reference = ModelReference.of(model)
    pipeline = _choose_age_model(reference.load(BoneAgePipeline.load))
    _check_side(pipeline, side)
    folder = prepare_folder(out.absolute())
    table, hands = folder / "age_maps.csv", StoredResults(folder, MappedHand.from_json)
    run_files(
        AgeMapping(reference, prepare_folder(folder / "maps"), side),
        make_tasks(paths, sexes=sexes, sizes=sizes, base=options.base, notes=options.notes),
        folder,
        {"command": "age map", "model": reference.name, "side": side},
        {"age_maps.csv": lambda: write_rows(table, (_list_cells(hand, reference.name) for hand in hands))},
        stage="mapping ages",
        jobs=jobs,
        options=options,
        progress=progress,
    )
    return StoredResults(folder, lambda data: MappedHand.from_json(data).assessment)


def _choose_age_model(pipeline: BoneAgePipeline) -> BoneAgePipeline:
    """Return the pipeline with that of its age models alone that is mapped; the age of a picture is not corrected."""
    of_pictures = [one for one in pipeline.age_models if len(one.regressor.region_names_) == 1]
    if len(of_pictures) == 1:
        return replace(pipeline, age_models=tuple(of_pictures), calibration=None)
    return pipeline


def _check_side(pipeline: BoneAgePipeline, side: int | None) -> None:
    regressor = pipeline.only_age_model.regressor
    if pipeline.modality != "xray":
        raise InvalidInput("maps of ages are of radiographs, but the model reads volumes")
    if len(regressor.region_names_) > 1:
        if side is not None:
            raise InvalidInput("the side is that of a hand as one picture, but the model reads regions")
        return
    smallest = find_smallest_side(regressor)
    if side is not None and side < smallest:
        raise InvalidInput(f"the side must be at least {smallest} pixels, which the network reads at once, got {side}")


def _describe(result: Assessment, age_map: AgeMap | None) -> MappedHand:
    cells: dict[str, object] = dict.fromkeys(_COLUMNS, "")
    if age_map is not None and result.estimate is not None:
        read = age_map.months[age_map.weights > 0]
        ages = (result.estimate.months, age_map.age_months, *np.quantile(read, (0, 0.5, 1)))
        months = {name: f"{age:.2f}" for name, age in zip(_COLUMNS, ages, strict=False)}
        cells |= {**months, "cells": age_map.extent}
    return MappedHand(result, cells, age_map)


def _list_cells(hand: MappedHand, model: str) -> dict[str, object]:
    result = hand.assessment
    return {
        "id": result.id,
        "path": result.path,
        "status": result.status,
        "reason": result.reason,
        "sex": result.sex or "",
        **hand.cells,
        "model": model,
    }
