"""What a model file is, in words: its parts, what they were trained on, its calibration, its digest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boneage.imaging.errors import InvalidModelFile
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.age_model import AgeModel
from boneage.pipeline.pipeline import BoneAgePipeline, load_localiser
from boneage.pipeline.quality import READS
from boneage.pipeline.storage.model_file import load_model
from boneage.pipeline.storage.shipped_model import shipped_model
from boneage.regression import Calibration, RegressorSettings
from boneage.regression.calibration import SEX_WORDS
from boneage.regression.networks.registry import network_to_json

Facts = list[tuple[str, str]]
"""Names and what is said of them, a line each."""

LEVELS = (0.8, 0.9, 0.95)


def describe_model(path: Path | None = None) -> Facts:
    """Return what a model file is; the model that comes with boneage if no file is given.

    Raises
    ------
    InvalidModelFile
        If the file is not a whole, sound model.
    """
    path = shipped_model() if path is None else path
    file = load_model(path)
    facts = [
        ("file", f"{path}, {path.stat().st_size / 1e6:.1f} MB, written by boneage {file.version}"),
        ("sha256", file.sha256),
    ]
    if file.kind == "pipeline":
        facts += _describe_pipeline(BoneAgePipeline.from_model_file(path, file))
    elif file.kind == "localiser":
        localiser, summary = load_localiser(path)
        facts += _describe_localiser(localiser, summary)
    else:
        raise InvalidModelFile(path, f"holds a model of kind {file.kind!r}, which this version does not know")
    shipped = "research use only; data and terms are in docs/model-card.md"
    other = "not stated in the file: ask who trained it, and see the terms of the training data"
    stated = file.summary.get("licence", shipped if path.resolve() == shipped_model().resolve() else other)
    return [*facts, ("licence", str(stated))]


def describe_calibration(calibration: Calibration | None) -> Facts:
    """Return what intervals a calibration gives, and by how much it corrects ages."""
    if calibration is None:
        return [("intervals", "none: the model holds no calibration")]
    facts = [("intervals", f"{calibration.method}, {calibration.n_hands} hands")]
    least = calibration.least_spread_months
    scale, digits = ("", 1) if least is None else (f" x ({least:.1f} + spread)", 2)
    for cell in calibration.cells:
        halves = {level: cell.quantile(level) for level in LEVELS}
        widths = ", ".join(
            f"{100 * level:g} %: {'none' if math.isnan(half) else f'+-{half:.{digits}f}{scale}'}"
            for level, half in halves.items()
        )
        facts.append((f"  {calibration.name_cell(cell)}", f"{widths} months, {len(cell.scores)} hands"))
    for correction in calibration.corrections:
        facts += [
            (
                f"  offset of {SEX_WORDS[knot.sex]} at {knot.months / 12:.1f} years",
                f"{knot.shift_months:+.1f} months (standard error {knot.standard_error:.1f}), {knot.n_hands} hands",
            )
            for knot in correction.knots
        ]
    return facts


def _describe_pipeline(pipeline: BoneAgePipeline) -> Facts:
    facts: Facts = [("reads", READS[pipeline.modality])]
    if pipeline.localiser is None:
        facts.append(("localiser", "none: the image is read as it is"))
    else:
        facts += _describe_localiser(pipeline.localiser, pipeline.summary.get("localiser", {}))
    summary = pipeline.summary.get("age", {})
    parts = summary.get("joined", [summary])
    for number, age_model in enumerate(pipeline.age_models, start=1):
        part = parts[number - 1] if len(parts) == len(pipeline.age_models) else summary
        facts.append((f"age model {number}", _describe_age_model(age_model, part)))
    facts.append(("hands whose ages were seen", str(len(pipeline.trained_ids))))
    return [*facts, *describe_calibration(pipeline.calibration)]


def _describe_localiser(localiser: ForestLocaliser, summary: Mapping[str, Any]) -> Facts:
    preset = f", preset {summary['preset']}" if "preset" in summary else ""
    words = f"{len(localiser.names_)} landmarks{preset}{_describe_training(summary)}"
    return [("localiser", words), ("landmarks", ", ".join(localiser.names_))]


def _describe_age_model(age_model: AgeModel, summary: Mapping[str, Any]) -> str:
    regressor, crop = age_model.regressor, age_model.crop_spec
    sides = " x ".join(map(str, crop.shape))
    sex = "uses the sex" if regressor.needs_sex else "does not use the sex"
    names, n = ", ".join(crop.region_names), len(crop.region_names)
    kind = network_to_json((regressor.settings or RegressorSettings()).network)["kind"]
    return (
        f"{kind} of {regressor.n_parameters:,} weights, {n} region{'s' if n > 1 else ''} of {sides} pixels ({names}), "
        f"{sex}{_describe_training(summary)}"
    )


def _describe_training(summary: Mapping[str, Any]) -> str:
    if "n_hands" not in summary:
        return ""
    phantoms = f", {summary['n_phantoms']} of them phantoms" if summary.get("n_phantoms") else ""
    sources = f" from {summary['source']}" if "source" in summary else ""
    started = summary.get("started_from", {})
    earlier = f", after {started['n_hands']} by {started['model']}" if {"n_hands", "model"} <= started.keys() else ""
    return f", trained on {summary['n_hands']} hands{sources}{phantoms}{earlier}"
