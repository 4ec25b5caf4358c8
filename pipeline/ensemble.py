"""Joining age models that share a localiser: one model, whose ages are the means of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boneage.imaging.errors import InvalidInput, InvalidModelFile
from boneage.pipeline.pipeline import BoneAgePipeline, fingerprint_localiser
from boneage.pipeline.quality import READS


def join_pipelines(paths: Sequence[Path]) -> BoneAgePipeline:
    """Return one pipeline of the age models in several files, which may hold several each.

    Parameters
    ----------
    paths : sequence of Path
        Pipelines' ``.boneage`` files.

    Raises
    ------
    ValueError
        If there are fewer than two.
    InvalidModelFile
        If one cannot be used, or has another localiser than the first, or reads another modality.
    """
    if len(paths) < 2:
        raise InvalidInput(f"at least two age models can be joined, got {len(paths)}")
    pipelines = [BoneAgePipeline.load(path) for path in paths]
    first = pipelines[0]
    for path, other in zip(paths[1:], pipelines[1:], strict=True):
        if other.modality != first.modality:
            raise InvalidModelFile(path, f"reads {READS[other.modality]}, but {paths[0]} {READS[first.modality]}")
        if (other.localiser is None) != (first.localiser is None):
            names = (paths[0], path) if first.localiser is None else (path, paths[0])
            raise InvalidModelFile(path, "cannot be joined: {} has no localiser, but {} has one".format(*names))
        if _fingerprint(other) != _fingerprint(first):
            raise InvalidModelFile(path, f"has another localiser than {paths[0]}: models to be joined share one")
    age_models = tuple(age_model for pipeline in pipelines for age_model in pipeline.age_models)
    return BoneAgePipeline(first.localiser, age_models, _join_summaries(pipelines))


def _fingerprint(pipeline: BoneAgePipeline) -> str:
    return "" if pipeline.localiser is None else fingerprint_localiser(pipeline.localiser)


def _join_summaries(pipelines: Sequence[BoneAgePipeline]) -> dict[str, Any]:
    """Return what was learnt from: all ids together, and of each age model its own summary, ids only if not all."""
    parts = [part for pipeline in pipelines for part in _list_parts(pipeline)]
    ids = list(dict.fromkeys(id_ for part in parts for id_ in part.get("ids", ())))
    joined = [{key: value for key, value in part.items() if key != "ids" or set(value) != set(ids)} for part in parts]
    counts = {name: max(part.get(name, 0) for part in parts) for name in ("n_hands", "n_phantoms")}
    return {"localiser": pipelines[0].summary.get("localiser", {}), "age": {**counts, "ids": ids, "joined": joined}}


def _list_parts(pipeline: BoneAgePipeline) -> list[dict[str, Any]]:
    """Return the summary of each age model in a pipeline, with its ids and the name of the file that it came in."""
    summary: Mapping[str, Any] = pipeline.summary.get("age", {})
    if "joined" not in summary:
        return [{"model": pipeline.name, **summary}]
    return [{"ids": summary["ids"], **part} for part in summary["joined"]]
