"""Whether bones are bright or dark, told from the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.standardise.results import Polarity
from boneage.imaging.standardise.settings import PolaritySettings

Array = NDArray[np.float64]
Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

_RING, _MIDDLE = 0.08, 0.25  # distances from the edge, in parts of the side


def judge_polarity(view: Picture, exposed: Mask, settings: PolaritySettings) -> Polarity:
    """Judge the polarity of the exposed field; the opposite for the inverted picture, with the same confidence.

    Parameters
    ----------
    view : ndarray of float32, shape (rows, columns)
        The exposed field.
    exposed : ndarray of bool, shape (rows, columns)
        Which of its pixels were exposed.
    settings : PolaritySettings
    """
    return _decide(float(measure_polarity(view, exposed, settings) @ np.array(settings.weights)), settings)


def weigh_hands(polarity: Polarity, as_judged: float, opposite: float, settings: PolaritySettings) -> Polarity:
    """Judge again by how well a hand is seen in either polarity.

    Parameters
    ----------
    polarity : Polarity
    as_judged, opposite : float
        How well the hand is seen in this polarity and in the other, 0 to 1.
    settings : PolaritySettings
    """
    odds = float(np.log(polarity.confidence / (1 - polarity.confidence)))
    score = odds + settings.hand_weight * (as_judged - opposite)
    return _decide(-score if polarity.inverted else score, settings)


def _decide(score: float, settings: PolaritySettings) -> Polarity:
    """Return the polarity of a score, the logarithm of the odds of bright bones."""
    return Polarity(score < 0, min(1 / (1 + float(np.exp(-abs(score)))), settings.max_confidence))


def measure_polarity(view: Picture, exposed: Mask, settings: PolaritySettings) -> Array:
    """Return five numbers that are mostly positive where bones are bright, and that inversion negates.

    1. The correlation of grey and texture: the hand has edges, the air has none. 2. The middle less the border.
    3. The textured part less the smooth part. 4. The skewness of fine structures: bones are thin and bright.
    5. The mean less the median: more of the picture is air.

    Returns
    -------
    ndarray of shape (5,)
        Zeros where the field is of one grey.
    """
    size = np.clip(np.rint(np.array(view.shape) * min(settings.size / max(view.shape), 1.0)).astype(int), 1, None)
    to = (int(size[1]), int(size[0]))
    small = cv2.resize(view, to, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(exposed.astype(np.uint8), to, interpolation=cv2.INTER_NEAREST).astype(bool)
    low, high = np.percentile(small[inside], (settings.black, settings.white)) if inside.any() else (0.0, 0.0)
    if high <= low:
        return np.zeros(5)
    grey = ((np.clip(small, low, high) - low) * (2 / (high - low)) - 1).astype(np.float32)
    fine, coarse = cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.GaussianBlur(grey, (0, 0), 3.0)
    slope = cv2.magnitude(cv2.Sobel(fine, cv2.CV_32F, 0, 1), cv2.Sobel(fine, cv2.CV_32F, 1, 0))
    limit = np.float32(np.percentile(slope[inside], 90))
    texture = cv2.GaussianBlur(np.minimum(slope, limit), (0, 0), 4.0)
    smooth = inside & (texture <= np.percentile(texture[inside], 30))
    structure = (fine - coarse)[inside & (texture > np.percentile(texture[inside], 60))].astype(np.float64)
    edge = _distance_from_edge(grey.shape)
    return np.array(
        [
            _correlate(texture[inside], cv2.GaussianBlur(grey, (0, 0), 2.0)[inside]),
            _median_step(grey, inside & (edge > _MIDDLE), inside & (edge < _RING)),
            _median_step(grey, inside & ~smooth, smooth),
            _skewness(structure),
            float(grey[inside].mean(dtype=np.float64) - np.median(grey[inside])),
        ]
    )


def _distance_from_edge(shape: tuple[int, ...]) -> Array:
    """Return the distance of each pixel from the nearest edge, in parts of the side."""
    parts = [np.minimum(np.arange(n), np.arange(n)[::-1]) / n for n in shape]
    return np.minimum(parts[0][:, None], parts[1][None, :])


def _correlate(first: Picture, second: Picture) -> float:
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / size if size > 0 else 0.0


def _median_step(grey: Picture, here: Mask, there: Mask) -> float:
    return float(np.median(grey[here]) - np.median(grey[there])) if here.any() and there.any() else 0.0


def _skewness(values: Array) -> float:
    spread = values.std() if len(values) else 0.0
    return float(np.clip((np.clip(values / spread, -4, 4) ** 3).mean(), -3, 3)) if spread > 0 else 0.0
