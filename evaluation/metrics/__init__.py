"""Landmark and age errors with their uncertainty: predictions and truth, never models."""

from boneage.evaluation.metrics.age_bands import list_age_bands, name_age_band
from boneage.evaluation.metrics.age_errors import WITHIN_MONTHS, AgeErrors, compare_ages, summarise_ages
from boneage.evaluation.metrics.age_groups import SEX_NAMES, group_ages, list_strata, name_stratum
from boneage.evaluation.metrics.bootstrap import bootstrap_interval, bootstrap_mean_interval
from boneage.evaluation.metrics.confidence import WRONG_BEYOND, evaluate_scores
from boneage.evaluation.metrics.coverage import Coverage, coverage_band, measure_coverage
from boneage.evaluation.metrics.landmark_errors import (
    OUTLIER_PERCENT,
    RADII,
    LandmarkErrors,
    measure_landmarks,
    summarise_distances,
    summarise_errors,
    summarise_landmarks,
)
from boneage.evaluation.metrics.landmark_groups import group_by_hand, group_by_landmark
from boneage.evaluation.metrics.outliers import (
    Case,
    HandOutliers,
    count_outliers,
    describe_outliers,
    find_cases,
    select_worst_cases,
)
from boneage.evaluation.metrics.reference_length import Reference, read_reference
from boneage.evaluation.metrics.segmentation import (
    LabelOverlap,
    Presence,
    compare_labels,
    measure_dice,
    measure_presence,
)

__all__ = [
    "OUTLIER_PERCENT",
    "RADII",
    "SEX_NAMES",
    "WITHIN_MONTHS",
    "WRONG_BEYOND",
    "AgeErrors",
    "Case",
    "Coverage",
    "HandOutliers",
    "LabelOverlap",
    "LandmarkErrors",
    "Presence",
    "Reference",
    "bootstrap_interval",
    "bootstrap_mean_interval",
    "compare_ages",
    "compare_labels",
    "count_outliers",
    "coverage_band",
    "describe_outliers",
    "evaluate_scores",
    "find_cases",
    "group_ages",
    "group_by_hand",
    "group_by_landmark",
    "list_age_bands",
    "list_strata",
    "measure_coverage",
    "measure_dice",
    "measure_landmarks",
    "measure_presence",
    "name_age_band",
    "name_stratum",
    "read_reference",
    "select_worst_cases",
    "summarise_ages",
    "summarise_distances",
    "summarise_errors",
    "summarise_landmarks",
]
