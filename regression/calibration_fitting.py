"""Fitting a calibration: hands of known age, new to the model, make the intervals of others."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from boneage.imaging.errors import InvalidInput
from boneage.regression.bias_correction import BiasCorrection, correct_months, fit_bias_correction
from boneage.regression.calibration import DEFAULT_LEVEL, Calibration, CalibrationCell, count_needed
from boneage.regression.calibration_hands import Array, CalibrationHands, hash_id


def fit_calibration(
    hands: CalibrationHands, *, others: CalibrationHands | None = None, earlier: tuple[BiasCorrection, ...] = ()
) -> Calibration:
    """Return the calibration of a model by hands that it was not trained on.

    1. Correct the bias, and choose whether intervals are scaled, by ``others``: scaled they are where that narrows
       the mean interval of these hands. Without ``others`` neither is done.
    2. Divide ``hands`` by sex and corrected age; their absolute errors are the scores.

    Parameters
    ----------
    hands : CalibrationHands
        Whose errors become intervals. Those whose spread is not known are left out if intervals are scaled.
    others : CalibrationHands, optional
        Other hands: an interval that was corrected and chosen by the hands that it is made from covers too little.
    earlier : tuple of BiasCorrection
        What the model already corrects by; the predicted ages are those after it.

    Raises
    ------
    InvalidInput
        If a hand is in both, or there are too few hands of either sex for an interval of 90 %.
    """
    corrections, least = earlier, None
    if others is not None:
        both = sorted(set(hands.ids) & set(others.ids))
        if both:
            raise InvalidInput(f"hand {both[0]} is among those that correct and those that calibrate")
        correction = fit_bias_correction(others)
        corrections += (correction,) if correction.knots else ()
        others, hands = _correct(others, corrections[len(earlier) :]), _correct(hands, corrections[len(earlier) :])
        least = _choose_scale(others)
    ids = (*hands.ids, *(others.ids if others is not None else ()))
    cells = _make_cells(hands, least)
    if all(math.isnan(cell.quantile(DEFAULT_LEVEL)) for cell in cells):
        needed, n = count_needed(DEFAULT_LEVEL), len(hands.ids)
        raise InvalidInput(f"too few hands for intervals: at least {needed} of one sex are needed, got {n} in all")
    return Calibration(cells, corrections, least, tuple(sorted(map(hash_id, ids))))


def _correct(hands: CalibrationHands, corrections: tuple[BiasCorrection, ...]) -> CalibrationHands:
    pairs = zip(hands.predicted_months.tolist(), hands.sexes, strict=True)
    months = np.array([correct_months(age, sex, corrections) for age, sex in pairs])
    return dataclasses.replace(hands, predicted_months=months)


def _choose_scale(hands: CalibrationHands) -> float | None:
    """Return the median spread if intervals scaled with it are narrower on average than equally wide ones."""
    known = hands.select(np.flatnonzero(np.isfinite(hands.spreads_months)))
    least = float(np.median(known.spreads_months)) if known.ids else 0.0
    if not least > 0:
        return None
    return least if _mean_width(known, least) < _mean_width(known, None) else None


def _mean_width(hands: CalibrationHands, least: float | None) -> float:
    halves: list[Array] = []
    for cell, (_, _, rows) in zip(_make_cells(hands, least), hands.group(), strict=True):
        halves.append(cell.quantile(DEFAULT_LEVEL) * _scales(hands.select(rows), least))
    widths = 2 * np.concatenate(halves)
    return float(widths[np.isfinite(widths)].mean()) if np.isfinite(widths).any() else math.inf


def _make_cells(hands: CalibrationHands, least: float | None) -> tuple[CalibrationCell, ...]:
    if least is not None:
        hands = hands.select(np.flatnonzero(np.isfinite(hands.spreads_months)))
    scores = np.abs(hands.true_months - hands.predicted_months) / _scales(hands, least)
    groups = hands.group()
    return tuple(CalibrationCell(sex, start, tuple(np.sort(scores[rows]).tolist())) for sex, start, rows in groups)


def _scales(hands: CalibrationHands, least: float | None) -> Array:
    return np.ones(len(hands.ids)) if least is None else least + hands.spreads_months
