"""The tables of a run that reads ages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from boneage.imaging.formats.wide import format_cells, name_columns
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.stored_results import StoredResults
from boneage.pipeline.pages.index import write_index
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.output import write_lines, write_rows
from boneage.pipeline.storage.parquet import ColumnType, write_parquet

PARQUET_NAME = "ages.parquet"

_TEXT_COLUMNS = frozenset(
    ("id", "path", "modality", "status", "reason", "sex", "bone_age_text", "laterality", "determination", "model")
)
_OTHER_TYPES: Mapping[str, ColumnType] = {
    "interval_n_hands": "integer",
    "n_centres": "integer",
    "mirrored": "truth",
    "inverted": "truth",
}


def list_age_exports(
    folder: Path,
    pipelines: Sequence[BoneAgePipeline],
    results: StoredResults[Assessment],
    *,
    pages: bool = False,
    parquet: bool = False,
) -> dict[str, Callable[[], None]]:
    """Return what writes ``ages.csv``, ``ages.jsonl``, landmarks of each model, and the index and ``ages.parquet``.

    Parameters
    ----------
    folder : Path
    pipelines : sequence of BoneAgePipeline
        Those that read the files; of two, that of volumes writes ``landmarks_mri.csv``.
    results : StoredResults
    pages : bool
        Whether ``index.html`` is written.
    parquet : bool
        Whether ``ages.parquet`` is written: the rows of ``ages.csv`` with types.
    """
    regions = list(dict.fromkeys(name for pipeline in pipelines for name in pipeline.region_names))

    def rows() -> Iterator[dict[str, object]]:
        return (result.row(regions) for result in results)

    exports: dict[str, Callable[[], None]] = {
        "ages.csv": lambda: write_rows(folder / "ages.csv", rows()),
        "ages.jsonl": lambda: write_lines(folder / "ages.jsonl", results.contents()),
    }
    for pipeline in pipelines:
        if pipeline.localiser is not None:
            name = "landmarks_mri.csv" if len(pipelines) > 1 and pipeline.modality == "mri" else "landmarks.csv"
            exports[name] = partial(_write_landmarks, folder / name, pipeline, results)
    if pages:
        exports["index.html"] = lambda: write_index(folder, results)
    if parquet:
        exports[PARQUET_NAME] = lambda: write_parquet(folder / PARQUET_NAME, rows(), _find_types(regions))
    return exports


def _find_types(regions: Sequence[str]) -> dict[str, ColumnType]:
    names = Assessment("", "", "refused", "not read").row(regions)
    return {name: "text" if name in _TEXT_COLUMNS else _OTHER_TYPES.get(name, "number") for name in names}


def _write_landmarks(path: Path, pipeline: BoneAgePipeline, results: Iterable[Assessment]) -> None:
    assert pipeline.localiser is not None
    columns = name_columns(pipeline.localiser.names_, pipeline.localiser.ndim)
    write_rows(path, _list_landmarks(pipeline, columns, results), ["id", *columns])


def _list_landmarks(
    pipeline: BoneAgePipeline, columns: Sequence[str], results: Iterable[Assessment]
) -> Iterator[Mapping[str, object]]:
    assert pipeline.localiser is not None
    for result in results:
        if result.points is not None and result.model == pipeline.name:
            cells = format_cells(result.points, pipeline.localiser.names_)
            yield {"id": result.id, **dict(zip(columns, cells, strict=True))}
