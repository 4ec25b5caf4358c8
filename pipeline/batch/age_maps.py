"""Maps of the ages of many files: one picture and one table each, and a row in a common one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from boneage.imaging import Scan
from boneage.imaging.demographics import Sexes
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.folder import FileTask, Output, make_tasks, run_folder
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.output import name_output, prepare_folder, write_picture, write_table
from boneage.pipeline.visualisation.age_maps import draw_age_map, list_map_rows
from boneage.regression import AgeMap, find_smallest_side, map_ages, recrop

_COLUMNS = ("bone_age_months", "map_months", "lowest_months", "median_months", "highest_months")

Mapped = tuple[Assessment, AgeMap | None]


@dataclass(frozen=True, eq=False)
class AgeMapping:
    """Maps the ages of files; a :class:`~boneage.pipeline.batch.folder.FileProcessor`.

    Parameters
    ----------
    pipeline : BoneAgePipeline
        Of one age model, which reads the hand as one picture.
    maps : Path
        Folder of the pictures and tables.
    side : int or None
        Of the picture that the map is made of, in pixels; that of training if None.
    """

    pipeline: BoneAgePipeline
    maps: Path
    side: int | None = None

    def refuse(self, task: FileTask, reason: str) -> Mapped:
        """Return a refused assessment and no map."""
        return Assessment(task.id, str(task.path), "refused", reason, task.sex), None

    def process(self, task: FileTask, scan: Scan) -> Mapped:
        """Assess a scan and map its ages; there is no map of a refused hand."""
        result = self.pipeline.assess(scan, sex=task.sex, id_=task.id, path=str(task.path))
        if not result.regions:
            return result, None
        (stack,) = result.stacks
        stack = recrop(scan, stack, self.side) if self.side else stack
        return result, map_ages(self.pipeline.only_age_model.regressor, stack, result.sex)

    def outputs(self, task: FileTask, scan: Scan, result: Mapped) -> list[Output]:
        """Return the picture and the table of a map."""
        assessment, age_map = result
        if age_map is None:
            return []
        picture, table = (self.maps / name_output(task.id, suffix) for suffix in (".png", ".csv"))
        return [
            ("map", lambda: write_picture(picture, draw_age_map(scan, assessment, age_map))),
            ("table of the map", lambda: write_table(table, list(list_map_rows(age_map)))),
        ]

    def finish(self, result: Mapped, remarks: Sequence[str]) -> Mapped:
        """Return the assessment with remarks, without its crops, and the map."""
        assessment, age_map = result
        return assessment.with_remarks(remarks).without_regions(), age_map


def map_files(
    paths: Sequence[Path],
    model: Path,
    out: Path,
    *,
    sexes: Sexes,
    sizes: Mapping[str, tuple[int, ...]],
    side: int | None = None,
    progress: Progress | None = None,
) -> list[Assessment]:
    """Map the ages of files with the pipeline in ``model`` and write the results into ``out``.

    Writes ``maps/<id>.png``, ``maps/<id>.csv`` (a row a cell) and ``age_maps.csv`` (a row a file).

    Parameters
    ----------
    paths : sequence of Path
    model : Path
        A pipeline's ``.boneage`` file. Of several age models, that which reads the hand as one picture is mapped.
    out : Path
    sexes, sizes : mapping
        Sex and original shape (rows, columns) by id or path, where known; ``sexes`` may be one sex for all files.
    side : int, optional
        Of the picture that the map is made of, in pixels; that of training if not given.
    progress : callable, optional

    Returns
    -------
    list of Assessment
        In the order of ``paths``, without regions.

    Raises
    ------
    InvalidModelFile, UnusableOutput
        If the model cannot be used, or the folder not written to.
    InvalidInput
        If the model makes no maps, or its network reads no picture of ``side``.
    """
    pipeline = _choose_age_model(BoneAgePipeline.load(model))
    smallest = find_smallest_side(pipeline.only_age_model.regressor)
    if side is not None and side < smallest:
        raise InvalidInput(f"the side must be at least {smallest} pixels, which the network reads at once, got {side}")
    folder = prepare_folder(out)
    processor = AgeMapping(pipeline, prepare_folder(folder / "maps"), side)
    tasks = make_tasks(paths, sexes=sexes, sizes=sizes)
    results = run_folder(processor, tasks, stage="mapping ages", progress=progress)
    write_table(folder / "age_maps.csv", [_describe(*result, pipeline.name) for result in results])
    return [assessment for assessment, _ in results]


def _choose_age_model(pipeline: BoneAgePipeline) -> BoneAgePipeline:
    """Return the pipeline with that of its age models alone that can be mapped; ages are then not corrected."""
    of_pictures = [one for one in pipeline.age_models if len(one.regressor.region_names_) == 1]
    chosen = tuple(of_pictures) if len(of_pictures) == 1 else pipeline.age_models
    return replace(pipeline, age_models=chosen, calibration=None)


def _describe(result: Assessment, age_map: AgeMap | None, model: str) -> dict[str, object]:
    months: dict[str, object] = dict.fromkeys(_COLUMNS, "")
    if age_map is not None and result.estimate is not None:
        ages = (result.estimate.months, age_map.age_months, *np.quantile(age_map.months, (0, 0.5, 1)))
        months = {name: f"{age:.2f}" for name, age in zip(_COLUMNS, ages, strict=True)}
    return {
        "id": result.id,
        "path": result.path,
        "status": result.status,
        "reason": result.reason,
        "sex": result.sex or "",
        **months,
        "cells": "" if age_map is None else "{} x {}".format(*age_map.months.shape),
        "model": model,
    }
