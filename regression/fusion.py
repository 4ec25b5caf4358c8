"""Fusion of the regions' ages into one. A missing region has the weight 0."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal, get_args

import torch
from torch import Tensor

from boneage.imaging.errors import InvalidInput

FusionRule = Literal["learned", "inverse_variance", "fixed", "equal"]
FUSION_RULES: tuple[FusionRule, ...] = get_args(FusionRule)

_BOUND = 8.0  # of the log-precision: a spread between a 55th and 55 of the training ages' own


def weigh_regions(logits: Tensor, present: Tensor, rule: FusionRule, fixed: Tensor | None = None) -> Tensor:
    """Return the weights of the regions; they sum to 1 in every hand.

    All four rules are a softmax over the regions that are present:

    - ``learned``: of the logits, an attention that is trained with the ages;
    - ``inverse_variance``: of the log-precisions that the logits stand for, so that a region's weight is proportional
      to the inverse of its predicted variance;
    - ``fixed``: of the logarithm of given weights, which keep their proportions when a region is missing;
    - ``equal``: of zeros.

    Parameters
    ----------
    logits : tensor of shape (n_hands, n_regions)
        The network's second output; only the first two rules use it.
    present : bool tensor of shape (n_hands, n_regions)
    rule : {"learned", "inverse_variance", "fixed", "equal"}
    fixed : tensor of shape (n_regions,), optional
        Positive weights for the rule ``fixed``; they need not sum to 1.

    Returns
    -------
    tensor of shape (n_hands, n_regions)
        0 for a missing region; all 0 in a hand without any.

    Raises
    ------
    InvalidInput
        If the rule is ``fixed`` and there are no weights.

    Examples
    --------
    >>> present = torch.tensor([[True, True, False]])
    >>> weigh_regions(torch.zeros(1, 3), present, "learned").tolist()
    [[0.5, 0.5, 0.0]]
    >>> weigh_regions(torch.zeros(1, 3), present, "fixed", torch.tensor([1.0, 3.0, 5.0])).round(decimals=2).tolist()
    [[0.25, 0.75, 0.0]]
    """
    if rule == "equal":
        logits = torch.zeros_like(logits)
    elif rule == "inverse_variance":
        logits = log_precision(logits)
    elif rule == "fixed":
        if fixed is None:
            raise InvalidInput("the rule fixed needs the regions' weights")
        logits = fixed.to(logits).log().expand_as(logits)
    lowest = torch.finfo(logits.dtype).min
    weights = torch.softmax(logits.masked_fill(~present, lowest), dim=1)
    return weights * present


def log_precision(logits: Tensor) -> Tensor:
    """Return minus the logarithm of the variance that logits stand for: the logits, softly bounded.

    In units of the training ages' standard deviation. Without bounds, a region of very high predicted precision could
    make the loss infinite.
    """
    return _BOUND * torch.tanh(logits / _BOUND)


def fuse(ages: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of the regions' ages, shape (n_hands,)."""
    return (ages * weights).sum(dim=1)


def anatomical_weights(names: Sequence[str]) -> Tensor:
    """Return the weights of the rule ``fixed`` for regions of these names, shape (n_regions,).

    They are in ``schemes/hand37_weights.json`` for radiographs and ``hand34_weights.json`` for volumes, with notes
    on their sources.

    Raises
    ------
    InvalidInput
        If neither table knows all the regions.
    """
    tables = [
        json.loads((files(__package__) / "schemes" / f"{scheme}_weights.json").read_text())["weights"]
        for scheme in ("hand37", "hand34")
    ]
    table = min(tables, key=lambda table: len(set(names) - set(table)))
    unknown = [name for name in names if name not in table]
    if unknown:
        raise InvalidInput(f"there is no fixed weight for the region {unknown[0]!r}: known are {', '.join(table)}")
    return torch.tensor([float(table[name]) for name in names])
