"""Landmark and age errors with their uncertainty. Reads predictions and truth, never models."""

if __name__ != "boneage.evaluation":
    raise ImportError(f"import boneage.evaluation, not {__name__}: that would make a second copy of every class")

from boneage.evaluation.age_errors import WITHIN_MONTHS, constant_by_sex, summarise_ages
from boneage.evaluation.landmark_errors import (
    RADII,
    LandmarkErrors,
    measure_landmarks,
    summarise_distances,
    summarise_landmarks,
)
from boneage.evaluation.landmark_figures import draw_confidence, draw_cumulative_errors, draw_error_boxes
from boneage.evaluation.pages import Page
from boneage.evaluation.references import Reference, read_reference
from boneage.evaluation.resampling import bootstrap_interval
from boneage.evaluation.speed_figures import draw_costs, draw_scaling
from boneage.evaluation.tables import draw_table

__all__ = [
    "RADII",
    "WITHIN_MONTHS",
    "LandmarkErrors",
    "Page",
    "Reference",
    "bootstrap_interval",
    "constant_by_sex",
    "draw_confidence",
    "draw_costs",
    "draw_cumulative_errors",
    "draw_error_boxes",
    "draw_scaling",
    "draw_table",
    "measure_landmarks",
    "read_reference",
    "summarise_ages",
    "summarise_distances",
    "summarise_landmarks",
]
