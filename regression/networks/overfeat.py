"""OverFeat, the fast model, up to a named layer."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

_STEPS = {  # channels, size, stride and border of each convolution
    "conv1": (96, 11, 4, 0),
    "conv2": (256, 5, 1, 0),
    "conv3": (512, 3, 1, 1),
    "conv4": (1024, 3, 1, 1),
    "conv5": (1024, 3, 1, 1),
    "fc6": (3072, 6, 1, 0),
    "fc7": (4096, 1, 1, 0),
}
_CLASSES = 1000
_FLOATS = 145_920_872  # in the authors' file, its last layer of classes among them


class OverFeat(nn.Module):
    """Five convolutions with ReLU, then fully connected layers, written as convolutions like the authors'.

    ======= ================================================ ===================== ==========
    layer   made of                                          shape for side 231    features
    ======= ================================================ ===================== ==========
    pool1   11x11 without border, 96, every 4th; 2x2 maximum (96, 28, 28)          96
    pool2   5x5 without border, 256; 2x2 maximum             (256, 12, 12)         256
    conv3   3x3, 512                                         (512, 12, 12)         512
    conv4   3x3, 1024                                        (1024, 12, 12)        1024
    pool5   3x3, 1024; 2x2 maximum                           (1024, 6, 6)          1024
    fc6     6x6 means, 3072 units, ReLU                      (3072,)               3072
    fc7     4096 units, ReLU                                 (4096,)               4096
    ======= ================================================ ===================== ==========

    Features of the first five are the means of their maps. The means before ``fc6`` are ours: at side 231 they change
    nothing, and let pictures of other sides in. Pictures below side 71 must be enlarged: too little is left of them.

    There is no file of torchvision's. The names of the weights are ours: ``conv1.weight``, ``conv1.bias`` to ``conv5``,
    then ``fc6`` of shape (3072, 1024, 6, 6) and ``fc7`` of (4096, 3072, 1, 1). The authors' file is read by
    :func:`read_published`.

    Parameters
    ----------
    layer : str
        The last one, of ``layers``; later ones are not built.

    References
    ----------
    .. [1] Sermanet et al. OverFeat: integrated recognition, localization and detection using convolutional networks.
       ICLR 2014, table 1.
    """

    name: ClassVar[str] = "overfeat"
    layers: ClassVar[tuple[str, ...]] = ("pool1", "pool2", "conv3", "conv4", "pool5", "fc6", "fc7")
    dropped: ClassVar[tuple[str, ...]] = ("fc8.",)
    smallest_side: ClassVar[int] = 71

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.n_features = 3
        for name, (channels, size, stride, padding) in list(_STEPS.items())[: self.layers.index(layer) + 1]:
            self.add_module(name, nn.Conv2d(self.n_features, channels, size, stride=stride, padding=padding))
            self.n_features = channels

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features of shape (n, n_features) for pictures from 0 to 1, shape (n, 1, side, side).

        They are brought to the mean and standard deviation that the authors trained with, the same for each colour.
        """
        maps = ((pictures * 255 - 118.380948) / 61.896913).expand(-1, 3, -1, -1)
        for name, step in self.named_children():  # in the order in which they were made
            if name == "fc6":
                maps = functional.adaptive_avg_pool2d(maps, 6)
            maps = torch.relu(step(maps))
            if name in ("conv1", "conv2", "conv5"):
                maps = functional.max_pool2d(maps, 2)
        return maps.mean(dim=(2, 3))


def is_published(path: Path) -> bool:
    """Return whether a file has the size of the authors' ``net_weight_0``."""
    return path.stat().st_size == 4 * _FLOATS


def read_published(path: Path) -> dict[str, Tensor]:
    """Read the authors' file of the fast model, ``net_weight_0``: 32-bit floats alone, layer after layer.

    The file is mapped, not read: only what is used of it takes memory.
    """
    with torch.device("meta"):
        layout = OverFeat(OverFeat.layers[-1]).state_dict()
    shapes = {name: tuple(array.shape) for name, array in layout.items()}
    shapes |= {"fc8.weight": (_CLASSES, 4096, 1, 1), "fc8.bias": (_CLASSES,)}
    floats = np.memmap(path, "<f4", mode="c")
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
    parts = zip(shapes.items(), np.split(floats, ends[:-1]), strict=True)
    return {name: torch.from_numpy(part.reshape(shape)) for (name, shape), part in parts}
