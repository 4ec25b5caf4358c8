"""The sections of an age report: figures, tables and pictures, each with the words that explain it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from boneage.evaluation.figures import draw_age_boxes, draw_agreement, draw_mads, draw_predicted
from boneage.evaluation.figures.means import FEW
from boneage.evaluation.metrics import AgeErrors, group_ages, summarise_ages
from boneage.evaluation.reports.ages.tables import tabulate_age_groups, tabulate_worst
from boneage.evaluation.reports.basis import are_phantoms
from boneage.evaluation.reports.page import ReportPage

CONVENTIONS = (
    "Months. MAD: mean absolute difference; bias: mean of predicted - true, positive where hands are read too old; "
    "<= 12: part of the hands that are off by at most 12 months. Intervals are bootstrapped over hands."
)
_HOLLOW = f"Hollow: fewer than {FEW} hands, too few for an interval to be trusted."


def summarise_age_groups(ages: AgeErrors, strata: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return the summary of every group."""
    groups = group_ages(ages, strata)
    return {kind: {name: summarise_ages(part) for name, part in parts.items()} for kind, parts in groups.items()}


def add_age_details(
    page: ReportPage,
    ages: AgeErrors,
    groups: Mapping[str, Mapping[str, Mapping[str, Any]]],
    strata: Sequence[int],
    prefix: str = "",
) -> None:
    """Add what is known of groups and single hands.

    Parameters
    ----------
    page : ReportPage
    ages : AgeErrors
    groups : mapping
        From :func:`summarise_age_groups`.
    strata : sequence of int
    prefix : str
        Of the names of the figures.
    """
    page.add_heading("Groups", 3)
    page.show_figure(f"{prefix}age-groups", draw_mads(group_ages(ages, strata)), _HOLLOW)
    page.add_table(*tabulate_age_groups(groups))
    caption = "Errors in each band of true age. Box: quartiles and median; whiskers: 5th and 95th percentile; dots:"
    page.show_figure(f"{prefix}age-boxes", draw_age_boxes(ages), f"{caption} beyond.")
    page.add_heading("Agreement", 3)
    caption = "Each hand's predicted against its true age; grey: within a year."
    page.show_figure(f"{prefix}age-predicted", draw_predicted(ages), caption)
    caption = "Bland and Altman: error against the mean of both ages. Lines: mean, and 1.96 standard deviations around"
    page.show_figure(f"{prefix}age-agreement", draw_agreement(ages), f"{caption} it.")
    page.add_heading("The hands read worst", 3)
    page.add_table(*tabulate_worst(ages))


def add_overlays(page: ReportPage, overlays: Sequence[tuple[str, Path]]) -> None:
    """Add the overlays of hands, by caption, as far as their files exist."""
    pictures = [(_shrink(path), caption) for caption, path in overlays if path.is_file()]
    if pictures:
        page.add_pictures(pictures)
    n_missing = len(overlays) - len(pictures)
    if n_missing:
        page.add_text(f"{n_missing} of the worst hands have no picture in overlays/ beside the predictions.", note=True)


def name_age_privacy(ids: Sequence[str]) -> str:
    """Return the notice on the pixels that a page with pictures of hands holds."""
    if are_phantoms(ids):
        return "The pictures show phantoms (synthetic); there is no patient on this page."
    return (
        "This page contains patients' pixels: pictures of their hands, with the ids of the files. Keep it and pass it "
        "on as you would the images themselves; without --pictures it has none."
    )


def _shrink(path: Path, height: int = 560) -> bytes:
    """Return a picture at a size for a page, as PNG."""
    import cv2

    picture = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return path.read_bytes()
    width = max(round(picture.shape[1] * height / picture.shape[0]), 1)
    smaller = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".png", smaller)[1])
