"""Age maps: the ages that a :class:`~boneage.regression.networks.bonet.BoNet` predicts for every part of a hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boneage.imaging import Frame, Sex
from boneage.imaging.errors import InvalidInput
from boneage.regression.networks.bonet import BoNet, aggregate
from boneage.regression.region_stack import RegionStack
from boneage.regression.regressor import AgeRegressor
from boneage.regression.tensors import to_grey, to_tensors

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AgeMap:
    """The ages that a network predicts from windows all over a picture.

    Parameters
    ----------
    months : ndarray of shape (rows, columns)
        A cell for each window. The network's own, which may be negative.
    weights : ndarray of shape (rows, columns)
        Of the cells in the age; they sum to 1, and are equal where the age is their mean or their median.
    frame : Frame
        From cells to the middles of their windows, in pixels of the original file.
    window : float
        Side of a window, in cells.
    age_months : float
        The map's mean, median or weighted mean, by the network's ``aggregate``; at least 0.
    """

    months: Array
    weights: Array
    frame: Frame
    window: float
    age_months: float

    def __post_init__(self) -> None:
        if self.months.ndim != 2 or self.months.shape != self.weights.shape:
            raise InvalidInput(
                f"months and weights must have one 2D shape, got {self.months.shape} and {self.weights.shape}"
            )


def check_map(regressor: AgeRegressor) -> BoNet:
    """Return the network of a model that can map ages.

    Raises
    ------
    InvalidInput
        If the network is of another kind, or does not read the hand as one picture.
    """
    network = regressor.network_
    if not isinstance(network, BoNet):
        raise InvalidInput(f"a map of ages needs a BoNet, but the model's network is a {type(network).__name__}")
    if len(regressor.region_names_) != 1:
        raise InvalidInput(
            "a map of ages needs a model that reads the hand as one picture, "
            f"but this one reads {len(regressor.region_names_)} regions"
        )
    return network


def map_ages(regressor: AgeRegressor, stack: RegionStack, sex: Sex | None) -> AgeMap:
    """Predict the age from every window of a hand's picture.

    A picture of the size that the model was trained on gives the map that its prediction is aggregated from. A larger
    one, made by :func:`~boneage.regression.crops.recrop`, gives more cells, but its bones are larger than those the
    network was trained on.

    Parameters
    ----------
    regressor : AgeRegressor
        Fitted; see :func:`check_map`.
    stack : RegionStack
        Of the one region that it reads, in any size.
    sex : {"F", "M"} or None

    Raises
    ------
    InvalidInput
        If the model makes no maps, the region or a needed sex is missing, or windows are larger than the picture.
    """
    network = check_map(regressor)
    if stack.names != regressor.region_names_ or stack.frames[0] is None:
        raise InvalidInput(f"the one region must be {regressor.region_names_[0]}, and present")
    if regressor.needs_sex and sex is None:
        raise InvalidInput("the sex is not known, and the model needs it")
    settings = network.settings
    pixels, _, sexes = to_tensors([stack], [sex])
    with torch.inference_mode():
        ages, trust = network.map_ages(to_grey(pixels)[:, 0], sexes, torch.zeros(1, dtype=torch.long))
        age, _ = aggregate(ages, trust, settings.aggregate)
    equal = np.full(ages.shape[1:], 1 / ages[0].numel())
    attention = torch.softmax(trust.double().flatten(), 0).reshape(ages.shape[1:]).numpy()
    return AgeMap(
        months=_to_months(regressor, ages[0]),
        weights=attention if settings.aggregate == "attention" else equal,
        frame=stack.frames[0].compose(settings.frame),
        window=settings.field / settings.step,
        age_months=max(float(_to_months(regressor, age)[0]), 0.0),
    )


def _to_months(regressor: AgeRegressor, ages: Tensor) -> Array:
    return np.asarray(ages.double().numpy() * regressor.spread_ + regressor.centre_)
