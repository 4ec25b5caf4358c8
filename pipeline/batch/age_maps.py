"""Mapping the ages of many files: one picture and one table each, and a row in a common one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from boneage.imaging import Sex, UnreadableScan, read_scan, scan_id
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.prediction import name_files
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.output import prepare_folder, write_table
from boneage.pipeline.visualisation.age_maps import draw_age_map, list_map_rows
from boneage.regression import AgeMap, check_map, map_ages, recrop

_COLUMNS = ("bone_age_months", "map_months", "lowest_months", "median_months", "highest_months")

Mapped = tuple[Assessment, AgeMap | None]


def map_files(
    paths: Sequence[Path],
    model: Path,
    out: Path,
    *,
    sexes: Mapping[str, Sex],
    sizes: Mapping[str, tuple[int, ...]],
    side: int | None = None,
    follow: Callable[[Iterator[Assessment]], Iterable[Assessment]] = lambda results: results,
) -> list[Assessment]:
    """Map the ages of files with the pipeline in ``model`` and write the results into ``out``.

    Writes ``maps/<id>.png``, ``maps/<id>.csv`` (a row a cell) and ``age_maps.csv`` (a row a file).

    Parameters
    ----------
    paths : sequence of Path
    model : Path
        A pipeline's ``.boneage`` file, whose network is a BoNet that reads the hand as one picture.
    out : Path
    sexes, sizes : mapping
        Sex and original shape (rows, columns) by id, where known.
    side : int, optional
        Of the picture that the map is made of, in pixels; that of training if not given.
    follow : callable, optional
        Wraps the stream of results, e.g. to show progress.

    Returns
    -------
    list of Assessment
        In the order of ``paths``.

    Raises
    ------
    InvalidModelFile, UnusableOutput
        If the model cannot be used, or the folder not written to.
    ValueError
        If the model makes no maps, or joins several, or its window is larger than ``side``.
    """
    pipeline = BoneAgePipeline.load(model)
    window = check_map(pipeline.only_age_model.regressor).settings.window
    if side is not None and side < window:
        raise InvalidInput(f"the side must be at least the network's window, {window} pixels, got {side}")
    folder = prepare_folder(out)
    pictures = prepare_folder(folder / "maps")
    rows: list[dict[str, object]] = []

    def map_all() -> Iterator[Assessment]:
        for id_, path in zip(name_files(paths), paths, strict=True):
            result, drawn = _map_file(
                pipeline, id_, path, pictures, sexes.get(scan_id(path)), sizes.get(scan_id(path)), side
            )
            rows.append(_describe(result, drawn, pipeline.name))
            yield result

    results = list(follow(map_all()))
    write_table(folder / "age_maps.csv", rows)
    return results


def _map_file(
    pipeline: BoneAgePipeline,
    id_: str,
    path: Path,
    pictures: Path,
    sex: Sex | None,
    original_shape: tuple[int, ...] | None,
    side: int | None,
) -> Mapped:
    try:
        scan = read_scan(path, original_shape)
    except UnreadableScan as error:
        return Assessment(id_, str(path), "refused", error.reason, sex), None
    result = pipeline.assess(scan, sex=sex, id_=id_, path=str(path))
    if not result.regions:
        return result, None
    (stack,) = result.stacks
    drawn = map_ages(pipeline.only_age_model.regressor, recrop(scan, stack, side) if side else stack, result.sex)
    draw_age_map(scan, result, drawn).save(pictures / f"{id_}.png")
    write_table(pictures / f"{id_}.csv", list(list_map_rows(drawn)))
    return result, drawn


def _describe(result: Assessment, drawn: AgeMap | None, model: str) -> dict[str, object]:
    months: dict[str, object] = dict.fromkeys(_COLUMNS, "")
    if drawn is not None and result.estimate is not None:
        ages = (result.estimate.months, drawn.age_months, *np.quantile(drawn.months, (0, 0.5, 1)))
        months = {name: f"{age:.2f}" for name, age in zip(_COLUMNS, ages, strict=True)}
    return {
        "id": result.id,
        "path": result.path,
        "status": result.status,
        "reason": result.reason,
        "sex": result.sex or "",
        **months,
        "cells": "" if drawn is None else "{} x {}".format(*drawn.months.shape),
        "model": model,
    }
