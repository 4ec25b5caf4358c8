"""Age maps: what every part of a hand's picture makes of its predicted age.

A :class:`~boneage.regression.networks.bonet.BoNet` reads an age in each of many windows. An EfficientNet-Lite reads
one from the means of its last maps; its map is a class activation map [1]_ of a regression: the age is taken apart into
those of the cells, whose mean it is.

References
----------
.. [1] Zhou, Khosla, Lapedriza, Oliva, Torralba. Learning deep features for discriminative localization. CVPR 2016.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boneage.imaging import Frame, Sex
from boneage.imaging.errors import InvalidInput
from boneage.regression.networks.backbone import BackboneNet
from boneage.regression.networks.bonet import BoNet, aggregate
from boneage.regression.networks.efficientnet_lite import EfficientNetLite
from boneage.regression.region_stack import RegionStack
from boneage.regression.regressor import AgeRegressor
from boneage.regression.tensors import to_grey, to_tensors

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AgeMap:
    """The ages that a network makes of the parts of a picture.

    Parameters
    ----------
    months : ndarray of shape (rows, columns)
        A cell for each window, or for each place of the last maps. The network's own, which may be negative.
    weights : ndarray of shape (rows, columns)
        Of the cells in the age; they sum to 1, and are equal where the age is their mean or their median.
    frame : Frame
        From cells to the middles of their windows, in pixels of the original file.
    window : float
        Side in cells of what a cell is read from; NaN where that is the whole picture.
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


def find_smallest_side(regressor: AgeRegressor) -> int:
    """Return the side in pixels below which a model maps no ages.

    Raises
    ------
    InvalidInput
        If it makes no maps: the network is of another kind, or does not read the hand as one picture.
    """
    network = regressor.network_
    if len(regressor.region_names_) != 1:
        raise InvalidInput(
            "a map of ages needs a model that reads the hand as one picture, "
            f"but this one reads {len(regressor.region_names_)} regions"
        )
    if isinstance(network, BoNet):
        return network.settings.window
    if isinstance(network, BackboneNet) and isinstance(network.backbone, EfficientNetLite):
        return network.backbone.smallest_side
    kind = type(network.backbone if isinstance(network, BackboneNet) else network).__name__
    raise InvalidInput(f"a map of ages needs a BoNet or an EfficientNet-Lite, but the model's network is a {kind}")


def map_ages(regressor: AgeRegressor, stack: RegionStack, sex: Sex | None) -> AgeMap:
    """Take the age of a hand's picture apart into those of its parts.

    A picture of the size that the model was trained on gives the map that its prediction is aggregated from. A larger
    one, made by :func:`~boneage.regression.crops.recrop`, gives more cells, but its bones are larger than those the
    network was trained on.

    Parameters
    ----------
    regressor : AgeRegressor
        Fitted; see :func:`find_smallest_side`.
    stack : RegionStack
        Of the one region that it reads, in any size from the smallest.
    sex : {"F", "M"} or None

    Raises
    ------
    InvalidInput
        If the model makes no maps, the region or a needed sex is missing, or the picture is too small.
    """
    find_smallest_side(regressor)
    if stack.names != regressor.region_names_ or stack.frames[0] is None:
        raise InvalidInput(f"the one region must be {regressor.region_names_[0]}, and present")
    if regressor.needs_sex and sex is None:
        raise InvalidInput("the sex is not known, and the model needs it")
    network = regressor.network_
    pixels, _, sexes = to_tensors([stack], [sex])
    pictures = to_grey(pixels)[:, 0]
    with torch.no_grad():
        if isinstance(network, BackboneNet):
            return _map_features(regressor, network, pictures, sexes, stack.frames[0])
        assert isinstance(network, BoNet)
        return _map_windows(regressor, network, pictures, sexes, stack.frames[0])


def _map_windows(regressor: AgeRegressor, network: BoNet, pictures: Tensor, sexes: Tensor, to_file: Frame) -> AgeMap:
    """Return the ages of windows, shape (1, side, side) of pictures."""
    settings = network.settings
    ages, trust = network.map_ages(pictures, sexes, torch.zeros(1, dtype=torch.long))
    age, _ = aggregate(ages, trust, settings.aggregate)
    attention = torch.softmax(trust.double().flatten(), 0).reshape(ages.shape[1:]).numpy()
    return AgeMap(
        months=_to_months(regressor, ages[0]),
        weights=attention if settings.aggregate == "attention" else _equal_weights(ages[0]),
        frame=to_file.compose(settings.frame),
        window=settings.field / settings.step,
        age_months=max(float(_to_months(regressor, age)[0]), 0.0),
    )


def _map_features(
    regressor: AgeRegressor, network: BackboneNet, pictures: Tensor, sexes: Tensor, to_file: Frame
) -> AgeMap:
    """Return the ages of the last maps' cells, averaged with those of the mirrored picture if the model reads both."""
    views = [pictures, pictures.flip(-1)] if regressor.reads_mirrored else [pictures]
    ages = torch.stack([_split_age(network, view, sexes) for view in views])
    if len(views) == 2:
        ages[1] = ages[1].flip(-1)
    cells = ages.mean(dim=0)
    months = _to_months(regressor, cells)
    to_picture = Frame.resize(tuple(cells.shape), tuple(pictures.shape[1:]))
    weights, age = _equal_weights(cells), max(float(months.mean()), 0.0)
    return AgeMap(months, weights, to_file.compose(to_picture), math.nan, age)


def _split_age(network: BackboneNet, pictures: Tensor, sexes: Tensor) -> Tensor:
    """Return the ages of the last maps' cells, shape (rows, columns), whose mean is the age of the picture.

    The layers on top are linear in the features as long as no unit changes its sign, so the gradient of the age is
    what each feature counts; a cell's age differs from the hand's by its features' differences from the mean.
    """
    assert isinstance(network.backbone, EfficientNetLite)
    maps = network.backbone.compute_maps(network.fit_pictures(pictures[:, None]))
    features = maps.mean(dim=(2, 3))
    with torch.enable_grad():
        features.requires_grad_()
        age = network.head(features[:, None], torch.ones(1, 1, dtype=torch.bool), sexes)[0].sum()
        (gradient,) = torch.autograd.grad(age, features)
    differences = maps - features.detach()[..., None, None]
    cells: Tensor = age.detach() + (differences * gradient[..., None, None]).sum(dim=(0, 1))
    return cells


def _equal_weights(ages: Tensor) -> Array:
    return np.full(ages.shape, 1 / ages.numel())


def _to_months(regressor: AgeRegressor, ages: Tensor) -> Array:
    return np.asarray(ages.double().numpy() * regressor.spread_ + regressor.centre_)
