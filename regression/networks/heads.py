"""Heads: the last layer that turns a region's features into its age."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

HeadName = Literal["linear", "expectation"]
HEADS: tuple[HeadName, ...] = get_args(HeadName)

_REACH = 4.0  # of the bins, in standard deviations of the training ages on either side of their mean
_BINS = 65


class ExpectationHead(nn.Module):
    """An age as the expectation of a distribution over bins, after Rothe et al. 2018 [1]_.

    It cannot leave the range of the bins: four standard deviations of the training ages to either side of their
    mean, in steps of an eighth. Only the expectation is trained, by the loss of any other age; Rothe et al.
    train the distribution itself, as a classifier.

    Parameters
    ----------
    n_features : int

    References
    ----------
    .. [1] Rothe, R., Timofte, R., Van Gool, L. Deep expectation of real and apparent age from a single image
       without facial landmarks. International Journal of Computer Vision 126, 2018.
    """

    bins: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.distribution = nn.Linear(n_features, _BINS)
        self.register_buffer("bins", torch.linspace(-_REACH, _REACH, _BINS), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return ages of shape (n, 1) from features of shape (n, n_features)."""
        return (torch.softmax(self.distribution(features), dim=1) * self.bins).sum(dim=1, keepdim=True)


def build_head(name: HeadName, n_features: int) -> nn.Module:
    """Return a new head, from features of shape (n, n_features) to standardised ages of shape (n, 1)."""
    return ExpectationHead(n_features) if name == "expectation" else nn.Linear(n_features, 1)
