"""Landmark and age errors with their uncertainty. Reads predictions and truth, never models."""

if __name__ != "boneage.evaluation":
    raise ImportError(f"import boneage.evaluation, not {__name__}: that would make a second copy of every class")

from boneage.evaluation.age_bands import list_age_bands, name_age_band
from boneage.evaluation.age_errors import WITHIN_MONTHS, AgeErrors, compare_ages, summarise_ages
from boneage.evaluation.age_figures import (
    draw_age_boxes,
    draw_agreement,
    draw_cumulative_ages,
    draw_mads,
    draw_predicted,
)
from boneage.evaluation.age_groups import SEX_NAMES, group_ages, list_strata, name_stratum
from boneage.evaluation.landmark_confidence import WRONG_BEYOND, judge_scores
from boneage.evaluation.landmark_errors import (
    OUTLIER_PERCENT,
    RADII,
    LandmarkErrors,
    measure_landmarks,
    measure_length,
    summarise_distances,
    summarise_errors,
    summarise_landmarks,
)
from boneage.evaluation.landmark_figures import draw_confidence, draw_cumulative_errors, draw_error_boxes, draw_groups
from boneage.evaluation.landmark_groups import group_by_hand, group_by_landmark
from boneage.evaluation.landmark_maps import draw_error_map
from boneage.evaluation.landmark_outliers import (
    Case,
    HandOutliers,
    count_outliers,
    describe_outliers,
    find_cases,
    pick_worst,
)
from boneage.evaluation.pages import Page
from boneage.evaluation.references import Reference, read_reference
from boneage.evaluation.resampling import bootstrap_interval, bootstrap_mean_interval
from boneage.evaluation.speed_figures import draw_costs, draw_scaling
from boneage.evaluation.tables import draw_table

__all__ = [
    "OUTLIER_PERCENT",
    "RADII",
    "SEX_NAMES",
    "WITHIN_MONTHS",
    "WRONG_BEYOND",
    "AgeErrors",
    "Case",
    "HandOutliers",
    "LandmarkErrors",
    "Page",
    "Reference",
    "bootstrap_interval",
    "bootstrap_mean_interval",
    "compare_ages",
    "count_outliers",
    "describe_outliers",
    "draw_age_boxes",
    "draw_agreement",
    "draw_confidence",
    "draw_costs",
    "draw_cumulative_ages",
    "draw_cumulative_errors",
    "draw_error_boxes",
    "draw_error_map",
    "draw_groups",
    "draw_mads",
    "draw_predicted",
    "draw_scaling",
    "draw_table",
    "find_cases",
    "group_ages",
    "group_by_hand",
    "group_by_landmark",
    "judge_scores",
    "list_age_bands",
    "list_strata",
    "measure_landmarks",
    "measure_length",
    "name_age_band",
    "name_stratum",
    "pick_worst",
    "read_reference",
    "summarise_ages",
    "summarise_distances",
    "summarise_errors",
    "summarise_landmarks",
]
