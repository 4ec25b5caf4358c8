"""The page of one assessed file: its picture, its age, and what each region contributed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from boneage.pipeline.age_text import age_text, estimate_text, interval_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.pages.html import Page
from boneage.regression import AgeEstimate

NOTICE = "Research use only, not a diagnosis."


def build_case_page(
    assessment: Assessment,
    *,
    picture: str,
    provenance: Mapping[str, str],
    remarks: Sequence[str] = (),
    links: Sequence[tuple[str, str]] = (),
) -> Page:
    """Return the page of one file.

    Parameters
    ----------
    assessment : Assessment
    picture : str
        Path of its overlay, relative to the page; empty for none.
    provenance : mapping of str to str
        Program version, date: what is listed below the facts of the file.
    remarks : sequence of str, optional
        What a reader must know first, for instance that the hand is a phantom.
    links : sequence of (str, str), optional
        Label and relative path of other pages.
    """
    page = Page(f"{assessment.id}: {describe_age(assessment)}")
    if links:
        page.add_links(links)
    for remark in (*remarks, NOTICE):
        page.add_text(remark, warning=True)
    if assessment.reason:
        page.add_text(f"{assessment.status}: {assessment.reason}", warning=True)
    facts = {"file": assessment.path, **_describe(assessment), **provenance}
    page.add_table(("", ""), [(name, text) for name, text in facts.items() if text], text=True)
    if picture:
        page.add_picture_file(picture, f"{assessment.id} with its landmarks and regions")
    if assessment.estimate:
        page.add_heading("Regions")
        page.add_table(("site", "age", "months", "weight"), list_regions(assessment.estimate))
    return page


def describe_age(assessment: Assessment) -> str:
    """Return the age of a hand in words, with its interval; that it was refused if it has none."""
    return estimate_text(assessment.estimate) if assessment.estimate else "refused"


def describe_landmarks(assessment: Assessment) -> str:
    """Return how many landmarks were found, and how many of them are doubtful; empty without a localiser."""
    points = assessment.points
    if points is None:
        return ""
    n_doubtful = int((points.doubtful & points.present).sum())
    return f"{points.present.sum()} of {len(points)} found" + (f", {n_doubtful} doubtful" if n_doubtful else "")


def list_regions(estimate: AgeEstimate) -> list[tuple[str, str, str, str]]:
    """Return a row for each region: site, age in words and in months, weight in percent; dashes where it is missing."""
    rows = zip(estimate.region_names, estimate.region_months, estimate.region_weights, strict=True)
    return [
        (name, "missing", "-", "-")
        if math.isnan(months)
        else (name, age_text(months), f"{months:.1f}", f"{100 * weight:.0f} %")
        for name, months, weight in rows
    ]


def _describe_interval(assessment: Assessment) -> str:
    interval = assessment.estimate.interval if assessment.estimate else None
    if interval is None:
        return ""
    if interval.reason:
        return f"none: {interval.reason}"
    ends = f"{interval.low_months:.1f} to {interval.high_months:.1f} months"
    return f"{interval_text(interval)} ({ends}; by {interval.n_hands} calibration hands of this sex and age)"


def _describe(assessment: Assessment) -> dict[str, str]:
    months = assessment.estimate.months if assessment.estimate else math.nan
    return {
        "status": assessment.status,
        "bone age": "" if math.isnan(months) else f"{age_text(months)} ({months:.1f} months)",
        "interval": _describe_interval(assessment),
        "sex": assessment.sex or "not known",
        "landmarks": describe_landmarks(assessment),
        "model": assessment.model,
    }
