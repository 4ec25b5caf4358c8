"""What is found of the ossification centres and joints of one hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from boneage.regression.segmentation.measures import CentreMeasure


@dataclass(frozen=True, eq=False)
class HandCentres:
    """The ossification centres and joints of one hand.

    Parameters
    ----------
    labels : mapping of ndarray of uint8
        By kind, in original pixels: 0 where there is nothing, n in the n-th centre of the kind
        (:func:`~boneage.regression.segmentation.anatomy.list_centres`), 255 in parts without a name.
    measures : mapping of tuple of CentreMeasure
        By kind, a measure for each centre. Positions are in original pixels.
    n_unnamed : mapping of int
        By kind.
    hand_length_mm : float
        From wrist to fingertip; NaN where the file has no millimetres.
    """

    labels: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    measures: Mapping[str, tuple[CentreMeasure, ...]] = field(default_factory=dict)
    n_unnamed: Mapping[str, int] = field(default_factory=dict)
    hand_length_mm: float = math.nan

    @property
    def n_centres(self) -> int:
        """How many ossification centres are there."""
        return sum(measure.present for measure in self.measures["bones"])
