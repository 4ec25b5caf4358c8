"""Values of the present regions scattered into an array of all regions."""

from __future__ import annotations

import torch
from torch import Tensor


def scatter_regions(values: Tensor, present: Tensor) -> Tensor:
    """Return values by hand and region, shape (n_hands, n_regions, ...); 0 where a region is not present.

    Parameters
    ----------
    values : tensor of shape (n_present, ...)
        Of the regions that are present, hand by hand.
    present : bool tensor of shape (n_hands, n_regions)

    Examples
    --------
    >>> scatter_regions(torch.tensor([3.0, 4.0]), torch.tensor([[False, True], [True, False]])).tolist()
    [[0.0, 3.0], [4.0, 0.0]]
    """
    places = torch.nonzero(present, as_tuple=True)
    return values.new_zeros(*present.shape, *values.shape[1:]).index_put(places, values)
