"""OxfordNet, that is VGG-16, up to a named layer: features of pictures as ImageNet teaches them."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions of each
_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's red, green and blue, from 0 to 1
_SPREAD = (0.229, 0.224, 0.225)


class OxfordNet(nn.Module):
    """Thirteen convolutions of 3x3 with ReLU, a 2x2 maximum after each block, two fully connected layers.

    ======= ============================== ===================== ==========
    layer   made of                        shape for side 224    features
    ======= ============================== ===================== ==========
    pool1   2 convolutions of 64           (64, 112, 112)        64
    pool2   2 convolutions of 128          (128, 56, 56)         128
    pool3   3 convolutions of 256          (256, 28, 28)         256
    pool4   3 convolutions of 512          (512, 14, 14)         512
    pool5   3 convolutions of 512          (512, 7, 7)           512
    fc6     7x7 means, 4096 units, ReLU    (4096,)               4096
    fc7     4096 units, ReLU               (4096,)               4096
    ======= ============================== ===================== ==========

    Features of a ``pool`` layer are the means of its maps. The fully connected layers drop half of their inputs while
    they are trained. The names of the weights are those of torchvision's file ``vgg16-397923af.pth``.

    Parameters
    ----------
    layer : str
        The last one, of ``layers``; later ones are not built.

    References
    ----------
    .. [1] Simonyan, Zisserman. Very deep convolutional networks for large-scale image recognition. ICLR 2015,
       configuration D.
    """

    name: ClassVar[str] = "vgg16"
    layers: ClassVar[tuple[str, ...]] = ("pool1", "pool2", "pool3", "pool4", "pool5", "fc6", "fc7")
    dropped: ClassVar[tuple[str, ...]] = ("classifier.6.",)
    smallest_side: ClassVar[int] = 32

    mean: Tensor
    spread: Tensor

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("spread", torch.tensor(_SPREAD)[:, None, None], persistent=False)
        number = self.layers.index(layer) + 1
        steps: list[nn.Module] = []
        self.n_features = 3
        for channels, convolutions in _BLOCKS[:number]:
            for _ in range(convolutions):
                steps += [nn.Conv2d(self.n_features, channels, 3, padding=1), nn.ReLU()]
                self.n_features = channels
            steps.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*steps)
        self.classifier = nn.Sequential()
        if layer in ("fc6", "fc7"):
            self.classifier.extend([nn.Linear(512 * 7 * 7, 4096), nn.ReLU()])
            self.n_features = 4096
        if layer == "fc7":
            self.classifier.extend([nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()])
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a sixth faster on a processor

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features of shape (n, n_features) for pictures from 0 to 1, shape (n, 1, side, side).

        They are repeated for red, green and blue, and brought to ImageNet's mean and standard deviation.
        """
        maps = self.features((pictures - self.mean) / self.spread)
        if not len(self.classifier):
            return torch.as_tensor(maps.mean(dim=(2, 3)))
        return torch.as_tensor(self.classifier(functional.adaptive_avg_pool2d(maps, 7).flatten(1)))
