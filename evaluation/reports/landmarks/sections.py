"""The sections of a landmark report: figures, tables and pictures, each with the words that explain it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boneage.evaluation.figures import (
    draw_confidence,
    draw_cumulative_errors,
    draw_error_boxes,
    draw_error_map,
    draw_groups,
)
from boneage.evaluation.figures.means import FEW
from boneage.evaluation.metrics import (
    OUTLIER_PERCENT,
    Case,
    LandmarkErrors,
    count_outliers,
    describe_outliers,
    evaluate_scores,
)
from boneage.evaluation.reports.basis import are_phantoms
from boneage.evaluation.reports.landmarks.context import LandmarkContext
from boneage.evaluation.reports.landmarks.tables import (
    describe_scores,
    tabulate_groups,
    tabulate_landmarks,
    tabulate_outliers,
)
from boneage.evaluation.reports.page import ReportPage
from boneage.pipeline.pages.html import Page

CONVENTIONS = (
    "What was not found counts as beyond every limit and is in no mean. Intervals are bootstrapped over images: all "
    f"landmarks of an image, and all its tests, are drawn together. > {OUTLIER_PERCENT:g} % length: further off than a "
    "tenth of the anatomy's length, which is the largest distance between two of the image's annotated landmarks, as "
    "the measurement does not know what is annotated."
)

Pictures = Sequence[tuple[Case, bytes]]


def add_curves(page: ReportPage, name: str, variants: Mapping[str, LandmarkErrors]) -> None:
    """Add the curves of cumulative errors, one a variant."""
    if all(not np.isfinite(errors.distances).any() for errors in variants.values()):
        return
    caption = (
        "The part of the landmarks whose error is at most as large (logarithmic). A curve that ends below 100 %: some "
        "landmarks were not found. Grey: 2, 4 and 10."
    )
    page.show_figure(name, draw_cumulative_errors(variants), caption)


def add_details(
    page: ReportPage, errors: LandmarkErrors, summary: Mapping[str, Any], context: LandmarkContext, prefix: str = ""
) -> None:
    """Add what is known of each landmark, image and group, and of the scores.

    Parameters
    ----------
    page : ReportPage
    errors : LandmarkErrors
    summary : mapping
        From :func:`boneage.evaluation.summarise_landmarks`.
    context : LandmarkContext
    prefix : str
        Of the names of the figures.
    """
    found = np.isfinite(errors.distances).any()
    page.add_heading("Landmarks", 3)
    if found:
        _add_map(page, errors, context, prefix)
        caption = (
            "Errors of each landmark (logarithmic), the worst median on top. Box: quartiles and median; whiskers: 5th "
            "and 95th percentile; dots: beyond."
        )
        page.show_figure(f"{prefix}boxes", draw_error_boxes(errors), caption)
    page.add_table(*tabulate_landmarks(summary))
    page.add_heading("Images", 3)
    hands = count_outliers(errors)
    page.add_text(describe_outliers(hands, errors.unit))
    outliers = tabulate_outliers(hands, errors.unit)
    if outliers[1]:
        page.add_table(*outliers)
    groupings = context.group(errors)
    if groupings and found:
        page.add_heading("Groups", 3)
        caption = f"Hollow: fewer than {FEW} images, too few for an interval to be trusted."
        page.show_figure(f"{prefix}groups", draw_groups(groupings), caption)
        page.add_table(*tabulate_groups(groupings, errors.unit))
    if found and np.isfinite(errors.scores).any():
        page.add_heading("Does the score know when the localiser is wrong?", 3)
        page.add_text(describe_scores(evaluate_scores(errors), errors.unit))
        caption = (
            "Left: a dot for each landmark; lines over tenths of the landmarks by score. Right: for every limit on the "
            "score, the part of the wrong landmarks and of the right ones that score lower."
        )
        page.show_figure(f"{prefix}confidence", draw_confidence(errors), caption)


def add_privacy(page: Page, pictures: Pictures) -> None:
    """Add a notice that the page holds pixels of images, if it does: a warning if these are of patients."""
    if pictures:
        ids = [case.id for case, _ in pictures]
        page.add_text(name_privacy(ids), warning=not are_phantoms(ids))


def add_worst_cases(
    page: Page, pictures: Pictures, unit: str, *, votes: bool, missing: str = "", slices: bool = False
) -> None:
    """Add the pictures of the worst cases.

    Parameters
    ----------
    page : Page
    pictures : sequence of (Case, bytes)
        PNG files.
    unit : str
    votes : bool
        Whether they show vote maps.
    missing : str
        A sentence on cases without a picture.
    slices : bool
        Whether they are of volumes.
    """
    if pictures or missing:
        page.add_heading("The worst cases", 3)
    if pictures:
        layer = " Colours: where the votes agree, from violet to yellow, each scaled to its own peak." if votes else ""
        projection = " The slices go through the truth; estimate and votes are projected into them." if slices else ""
        page.add_text(
            "Ring: truth. Cross: estimate. At most three landmarks of each image, each landmark once; landmarks not "
            "found are left out, as they have no position. Each side is a fifth of the anatomy's length, or longer if "
            f"that does not hold both.{projection}{layer}",
            note=True,
        )
        page.add_pictures([(png, describe_case(case, unit)) for case, png in pictures], large=slices)
    if missing:
        page.add_text(missing, note=True)


def describe_case(case: Case, unit: str) -> str:
    """Return the caption of a case."""
    score = "" if np.isnan(case.score) else f", score {case.score:.2f}"
    return f"{case.id} {case.landmark}: {case.error:.1f} {unit}{score}"


def name_privacy(ids: Sequence[str]) -> str:
    """Return the notice on the pixels that a page holds."""
    if are_phantoms(ids):
        return "The pictures are crops of phantoms (synthetic); there is no patient on this page."
    return (
        "This page contains patients' pixels: crops of their images, with the ids of the files. Keep it and pass it "
        "on as you would the images themselves; --no-pictures makes it without."
    )


def _add_map(page: ReportPage, errors: LandmarkErrors, context: LandmarkContext, prefix: str) -> None:
    if context.shape is None or not set(errors.names) <= set(context.shape.names):
        return
    shape = context.shape.select(errors.names).positions
    there = ~np.isnan(shape[:, 0]) & np.isfinite(errors.distances).any(axis=0)
    if not there.any():
        return
    sides = ", from the front and the side" if context.shape.ndim == 3 else ""
    caption = f"The mean of the annotated shapes{sides}. Colour: median error; area: 95th percentile, both from 0."
    pairs = context.scheme.pairs if context.scheme else ()
    page.show_figure(f"{prefix}map", draw_error_map(errors, shape, pairs), caption)
