"""How pictures look, in numbers: by a network pretrained on photographs, or by histograms of gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Scan
from boneage.imaging.duplicates import draw_fingerprint
from boneage.imaging.errors import UnusableWeights
from boneage.imaging.progress import Progress
from boneage.imaging.standardise import standardise
from boneage.pipeline.batch.processes import one_torch_thread
from boneage.pipeline.visualisation.projections import project
from boneage.regression import BackboneSettings, crop_whole
from boneage.regression.baselines import compute_gradients

_SIDE = 128  # of the picture that features are computed from
_BACKBONE = BackboneSettings("efficientnet-lite0", "head")


@dataclass(frozen=True, eq=False)
class Appearance:
    """A picture as small as the features need it.

    Parameters
    ----------
    fingerprint : ndarray of float32, shape (n_pixels,)
        By which copies are known; see :func:`~boneage.imaging.duplicates.draw_fingerprint`.
    picture : ndarray of uint8, shape (128, 128)
        The exposed field in its standard form, squashed to a square.
    """

    fingerprint: NDArray[np.float32]
    picture: NDArray[np.uint8]


def draw_appearance(scan: Scan) -> Appearance:
    """Return how a picture looks; a volume is taken as its mean along the line of sight from the front."""
    flat = standardise(scan).scan if scan.ndim == 2 else Scan(project(scan.pixels, "coronal"))
    pixels = crop_whole(flat, side=_SIDE).pixels[0]
    return Appearance(draw_fingerprint(scan), np.round(255 * pixels).astype(np.uint8))


def compute_features(pictures: NDArray[np.uint8], *, report: Progress | None = None) -> tuple[NDArray[np.float64], str]:
    """Return the features of pictures, shape (n, n_features), of length 1 each, and what they are.

    EfficientNet-Lite0's, where its weights are installed (``boneage[pretrained]``); else histograms of gradients.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, 128, 128)
    report : callable, optional
    """
    try:
        features, name = _ask_network(pictures, report), f"features of {_BACKBONE.backbone}"
    except UnusableWeights:
        features, name = _list_gradients(pictures), "histograms of gradients"
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(lengths, 1e-12), name


def _ask_network(pictures: NDArray[np.uint8], report: Progress | None) -> NDArray[np.float64]:
    """Return the features of the last layer.

    Raises
    ------
    UnusableWeights
        If the weights are not installed.
    """
    import torch  # the gradients need none of it

    from boneage.regression.features import extract_features
    from boneage.regression.networks.backbone import BackboneNet
    from boneage.regression.networks.weights import load_pretrained

    network = BackboneNet(_BACKBONE, 1, use_sex=False)
    load_pretrained(network.backbone)
    present = torch.ones((len(pictures), 1), dtype=torch.bool)
    with one_torch_thread():  # sums by several threads differ in their last digits
        features = extract_features(network, torch.from_numpy(pictures[:, None]), present, progress=report)
    return np.asarray(features[:, 0].numpy(), dtype=np.float64)


def _list_gradients(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.stack([compute_gradients((picture / 255).astype(np.float32)) for picture in pictures])
