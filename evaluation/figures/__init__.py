"""Figures of errors as SVG."""

from boneage.evaluation.figures.ages import (
    draw_age_boxes,
    draw_agreement,
    draw_cumulative_ages,
    draw_mads,
    draw_predicted,
)
from boneage.evaluation.figures.error_map import draw_error_map
from boneage.evaluation.figures.landmarks import draw_confidence, draw_cumulative_errors, draw_error_boxes, draw_groups
from boneage.evaluation.figures.speed import draw_costs, draw_scaling
from boneage.evaluation.figures.stress import Panel, plot_stress

__all__ = [
    "Panel",
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
    "plot_stress",
]
