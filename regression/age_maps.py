"""Age maps: what every part of a hand's picture makes of its predicted age.

A :class:`~boneage.regression.networks.bonet.BoNet` reads an age in each of many windows. An EfficientNet-Lite reads
one from the means of its last maps; its map is a class activation map [1]_ of a regression: the age is taken apart into
those of the cells, whose mean it is. A network of several regions has an age of each, which :func:`map_regions` lays
out.

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
from boneage.regression.estimates import AgeEstimate, bound_age
from boneage.regression.networks.backbone import BackboneNet
from boneage.regression.networks.bonet import BoNet, aggregate
from boneage.regression.networks.efficientnet_lite import EfficientNetLite
from boneage.regression.region_stack import RegionStack
from boneage.regression.regressor import AgeRegressor
from boneage.regression.tensors import to_grey, to_tensors

Array = NDArray[np.float64]


_CELLS = 16  # a side of the smallest region


@dataclass(frozen=True, eq=False)
class AgeMap:
    """The ages that a network makes of the parts of a picture.

    Parameters
    ----------
    months : ndarray of shape (rows, columns)
        A cell for each window, or for each place of the last maps. The network's own, which may be negative.
    weights : ndarray of shape (rows, columns)
        Of the cells in the age; they sum to 1, and are equal where the age is their mean or their median. None in what
        was not read.
    frame : Frame
        From cells to the middles of their windows, in pixels of the original file.
    window : float
        Side in cells of what a cell is read from; NaN where that is the whole picture, or regions around the cell.
    age_months : float
        The map's mean, median or weighted mean, by the network's ``aggregate``; at least 0.
    n_regions : int
        Of how many regions it was made; 0 if of the hand as one picture.
    """

    months: Array
    weights: Array
    frame: Frame
    window: float
    age_months: float
    n_regions: int = 0

    def __post_init__(self) -> None:
        if self.months.ndim != 2 or self.months.shape != self.weights.shape:
            raise InvalidInput(
                f"months and weights must have one 2D shape, got {self.months.shape} and {self.weights.shape}"
            )

    @property
    def extent(self) -> str:
        """How many cells there are, or regions, in words."""
        return f"{self.n_regions} regions" if self.n_regions else "{} x {}".format(*self.months.shape)


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


def map_regions(estimate: AgeEstimate, stack: RegionStack) -> AgeMap:
    """Lay the ages of a hand's regions out where they were read.

    A cell has the mean of the ages of the regions that it lies in, by their weights; a region's weight is spread evenly
    over its cells. So the weighted mean of the map is the hand's age.

    Parameters
    ----------
    estimate : AgeEstimate
        Of the hand, by a network of several regions.
    stack : RegionStack
        Of the same regions, with their frames; those that are missing have no weight.
    """
    side = stack.pixels.shape[1]
    present = [frame for frame in stack.frames if frame is not None]
    corners = [frame.apply([[0, 0], [0, side], [side, 0], [side, side]]) for frame in present]
    first, last = np.min(corners, axis=(0, 1)), np.max(corners, axis=(0, 1))
    cell = side / _CELLS * min(frame.scale() for frame in present)
    shape = np.ceil((last - first) / cell).astype(int) + 1
    to_file = Frame.from_linear(cell * np.eye(2), first)
    places = to_file.apply(np.argwhere(np.ones(shape, dtype=bool)).astype(np.float64))
    weights, products = np.zeros(len(places)), np.zeros(len(places))
    for frame, age, weight in zip(stack.frames, estimate.region_months, estimate.region_weights, strict=True):
        if frame is None or not weight > 0:
            continue
        in_region = frame.inverse().apply(places)
        inside = ((in_region >= 0) & (in_region < side)).all(axis=1)
        share = weight / inside.sum()
        weights[inside] += share
        products[inside] += share * age
    months = np.divide(products, weights, out=np.full(len(places), estimate.months), where=weights > 0)
    return AgeMap(months.reshape(shape), weights.reshape(shape), to_file, math.nan, estimate.months, len(present))


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
        age_months=bound_age(_to_months(regressor, age)[0]),
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
    weights, age = _equal_weights(cells), bound_age(months.mean())
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
