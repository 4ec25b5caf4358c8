"""Off-the-shelf features of each region, from a frozen backbone, cached on disk."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boneage.imaging.array_files import read_arrays
from boneage.imaging.progress import Progress
from boneage.regression.caching import open_atomically
from boneage.regression.networks.backbone import BackboneNet
from boneage.regression.tensors import to_grey

logger = logging.getLogger(__name__)

_BATCH = 16


def extract_features(
    network: BackboneNet,
    pixels: Tensor,
    present: Tensor,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Return the backbone's features of each region.

    They are computed on a GPU where there is one. With a cache, a hand's features are computed once for each backbone;
    a damaged entry is computed again, and one that cannot be written is left out with a warning in the log.

    Parameters
    ----------
    network : BackboneNet
    pixels : uint8 tensor of shape (n_hands, n_regions, side, side)
    present : bool tensor of shape (n_hands, n_regions)
    cache : Path, optional
        Folder of one file per hand, named after its pixels, the backbone's weights and its input side.
    progress : callable, optional
        Called with a stage name and the part of it that is done.

    Returns
    -------
    tensor of shape (n_hands, n_regions, n_features)
        Zeros for a region that is not present.
    """
    shape = (present.shape[1], network.backbone.n_features)
    paths = _name_entries(network, pixels, present, cache) if cache else []
    cached = [_read_entry(path, shape) for path in paths] or [None] * len(pixels)
    features = torch.stack([torch.zeros(shape) if entry is None else torch.from_numpy(entry) for entry in cached])
    missing = [k for k, entry in enumerate(cached) if entry is None]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device).eval()
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        with torch.inference_mode():
            features[batch] = network.extract(to_grey(pixels[batch].to(device)), present[batch].to(device)).cpu()
        for k in batch if cache else ():
            _keep_entry(paths[k], features[k])
        if progress:
            progress("features", (start + len(batch)) / len(missing))
    network.cpu()
    return features


def _keep_entry(path: Path, features: Tensor) -> None:
    try:
        with open_atomically(path) as file:
            np.savez(file, features=features.numpy())
    except OSError as error:
        logger.warning("features could not be kept in %s (%s)", path, error.strerror)


def _name_entries(network: BackboneNet, pixels: Tensor, present: Tensor, cache: Path) -> list[Path]:
    common = hashlib.sha256(repr((network.backbone.name, network.input_side, tuple(pixels.shape[1:]))).encode())
    for name, array in network.backbone.state_dict().items():
        common.update(name.encode())
        common.update(array.cpu().numpy().tobytes())
    paths = []
    for hand, regions in zip(pixels.numpy(), present.numpy(), strict=True):
        digest = common.copy()
        digest.update(regions.tobytes())
        digest.update(hand.tobytes())
        name = digest.hexdigest()[:32]
        paths.append(cache / name[:2] / f"{name}.npz")
    return paths


def _read_entry(path: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """Return a hand's cached features, or ``None`` if there are none or they are damaged."""
    try:
        with path.open("rb") as file:
            features = read_arrays(file)["features"]
    except (OSError, ValueError, KeyError):
        return None
    valid = features.shape == shape and features.dtype == np.float32 and np.isfinite(features).all()
    return features if valid else None
