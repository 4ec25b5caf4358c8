"""The page of one hand: its picture, its age, what the age rests on, and how it lies among healthy children."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from importlib.metadata import version

import numpy as np

from boneage.imaging import Scan
from boneage.pipeline.age_text import age_text, difference_text, estimate_text, interval_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.growth_reference import LIMIT_SD, SOURCE
from boneage.pipeline.pages.centre_table import describe_centres
from boneage.pipeline.pages.growth_chart import draw_growth_chart
from boneage.pipeline.pages.hand_figure import draw_hand_figure
from boneage.pipeline.pages.templating import render_template
from boneage.regression import AgeEstimate

_SEXES = {"F": "female", "M": "male", None: "not known"}
_SIDES = {"L": "left", "R": "right"}
_NOTEBOOK_HEIGHT = 560  # pixels


def build_case_page(scan: Scan, assessment: Assessment, identifiers: Mapping[str, str] | None = None) -> str:
    """Return the page of a hand as one HTML file, which loads nothing and prints on one sheet.

    Parameters
    ----------
    scan : Scan
    assessment : Assessment
        With its regions, if it has an age.
    identifiers : mapping of str, optional
        Name, dates and the like, to stand first among the facts.
    """
    case = _describe(assessment, identifiers or {})
    return render_template(
        "case.html", case=case, hand=draw_hand_figure(scan, assessment), chart=_draw_chart(assessment)
    )


def build_case_fragment(scan: Scan, assessment: Assessment) -> str:
    """Return a hand's picture with landmarks, its age and its interval, as HTML to stand among other things."""
    hand = draw_hand_figure(scan, assessment, height=_NOTEBOOK_HEIGHT)
    return render_template("fragment.html", case=_describe(assessment, {}), hand=hand)


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


def _describe(assessment: Assessment, identifiers: Mapping[str, str]) -> dict[str, object]:
    estimate = assessment.estimate
    return {
        "id": assessment.id,
        "status": assessment.status,
        "phantom": assessment.phantom,
        "age": "no bone age" if estimate is None else age_text(estimate.months),
        "interval": "" if estimate is None else _describe_interval(estimate),
        "reasons": [reason for reason in assessment.reason.split("; ") if reason],
        "facts": [(name, text) for name, text in (*identifiers.items(), *_list_facts(assessment)) if text],
        "regions": [] if estimate is None else _list_regions(estimate),
        "centres": None if assessment.centres is None else describe_centres(assessment.centres),
        "whom": "girls" if assessment.sex == "F" else "boys",
        "limit_sd": f"{LIMIT_SD:g}",
        "source": SOURCE,
        "basis": f"boneage {version('boneage')}, model {assessment.model} (file name and the start of its SHA-256)",
    }


def _draw_chart(assessment: Assessment) -> object:
    estimate, sex = assessment.estimate, assessment.sex
    if estimate is None or sex is None or assessment.comparison.reason:
        return None
    return draw_growth_chart(estimate, assessment.chronological_months, sex)


def _describe_interval(estimate: AgeEstimate) -> str:
    months = f"{estimate.months:.1f} months"
    interval = estimate.interval
    if interval is None or interval.reason:
        return f"{months}; no interval" + (f": {interval.reason}" if interval is not None else "")
    ends = f"{interval.low_months:.1f} to {interval.high_months:.1f} months"
    return f"{months}. {interval_text(interval)} ({ends}), by {interval.n_hands} calibration hands"


def _list_facts(assessment: Assessment) -> Iterator[tuple[str, str]]:
    """Yield what a page says of the person, the picture and the file; an empty text where nothing is known."""
    yield "sex", _SEXES[assessment.sex]
    yield from _list_comparison(assessment)
    yield "landmarks", describe_landmarks(assessment)
    yield "least certain", _describe_worst_landmark(assessment)
    yield "missing landmarks", ", ".join(_list_missing_landmarks(assessment))
    yield "missing regions", ", ".join(_list_missing_regions(assessment))
    yield "hand", _describe_view(assessment)
    if not math.isnan(assessment.acceptance):
        yield "likeness", f"{100 * assessment.acceptance:.0f} % of real hands have landmarks at least as unusual"
    yield "file", assessment.path


def _list_comparison(assessment: Assessment) -> Iterator[tuple[str, str]]:
    comparison, months = assessment.comparison, assessment.chronological_months
    if math.isnan(months):
        yield "chronological age", "not known"
        return
    yield "chronological age", f"{age_text(months)} ({months:.1f} months)"
    if not math.isnan(comparison.difference_months):
        yield (
            "difference",
            f"{difference_text(comparison.difference_months)} ({comparison.difference_months:+.1f} months)",
        )
    if comparison.reason:
        yield "SD score", f"none: {comparison.reason}"
    else:
        yield "SD score", f"{comparison.sd_score:+.1f}, by the Brush Foundation's table"
    yield "bone age is", comparison.determination


def _describe_worst_landmark(assessment: Assessment) -> str:
    points = assessment.points
    if points is None or points.scores is None or points.reasons is None or np.isnan(points.scores).all():
        return ""
    worst = int(np.nanargmin(points.scores))
    reason = f": {points.reasons[worst]}" if points.reasons[worst] else ""
    return f"{points.names[worst]}, score {points.scores[worst]:.2f}{reason}"


def _list_missing_landmarks(assessment: Assessment) -> list[str]:
    points = assessment.points
    return [] if points is None else [n for n, there in zip(points.names, points.present, strict=True) if not there]


def _list_missing_regions(assessment: Assessment) -> list[str]:
    estimate = assessment.estimate
    regions = () if estimate is None else zip(estimate.region_names, estimate.region_months, strict=True)
    return [name for name, months in regions if math.isnan(months)]


def _describe_view(assessment: Assessment) -> str:
    view = assessment.view
    side = [f"{_SIDES[view.laterality]} by its file"] if view.laterality else []
    if view.mirrored is None:
        return ", ".join(side)
    way = "clockwise" if view.rotated_deg >= 0 else "anticlockwise"
    turned = [] if math.isnan(view.rotated_deg) else [f"turned {abs(view.rotated_deg):.0f}\N{DEGREE SIGN} {way}"]
    lies = "mirrored" if view.mirrored else "not mirrored"
    shown = {True: ["black and white swapped"], False: ["bones bright"], None: []}[view.inverted]
    return ", ".join((*side, lies, *shown, *turned))


def _list_regions(estimate: AgeEstimate) -> list[dict[str, object]]:
    """Return each region's name, age and weight, and the length of its bar in percent of the longest one."""
    heaviest = max(*map(float, estimate.region_weights), 1e-9) if len(estimate.region_weights) else 1.0
    rows = zip(estimate.region_names, estimate.region_months, estimate.region_weights, strict=True)
    return [
        {
            "name": name,
            "missing": math.isnan(months),
            "age": "missing" if math.isnan(months) else age_text(months),
            "weight": "" if math.isnan(months) else f"{100 * weight:.0f} %",
            "width": 0 if math.isnan(months) else round(100 * float(weight) / heaviest, 1),
        }
        for name, months, weight in rows
    ]
