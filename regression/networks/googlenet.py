"""GoogLeNet, that is Inception v1 with batch normalisation, up to a named block."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

# Channels of a block's branches: 1x1; 1x1 then 3x3; 1x1 then 3x3 again; 1x1 after the maximum.
_BLOCKS = {
    "inception3a": (64, 96, 128, 16, 32, 32),
    "inception3b": (128, 128, 192, 32, 96, 64),
    "inception4a": (192, 96, 208, 16, 48, 64),
    "inception4b": (160, 112, 224, 24, 64, 64),
    "inception4c": (128, 128, 256, 24, 64, 64),
    "inception4d": (112, 144, 288, 32, 64, 64),
    "inception4e": (256, 160, 320, 32, 128, 128),
    "inception5a": (256, 160, 320, 32, 128, 128),
    "inception5b": (384, 192, 384, 48, 128, 128),
}


class GoogLeNet(nn.Module):
    """Three convolutions, then blocks of parallel branches of several sizes.

    =========== =================================== ===================== ==========
    layer       made of                             shape for side 224    features
    =========== =================================== ===================== ==========
    (conv1)     7x7, 64, every second pixel         (64, 112, 112)
    (conv2, 3)  3x3 maximum; 1x1, 64; 3x3, 192      (192, 56, 56)
    inception3a 3x3 maximum; a block                (256, 28, 28)         256
    inception3b a block                             (480, 28, 28)         480
    inception4a 3x3 maximum; a block                (512, 14, 14)         512
    inception4b a block                             (512, 14, 14)         512
    inception4c a block                             (512, 14, 14)         512
    inception4d a block                             (528, 14, 14)         528
    inception4e a block                             (832, 14, 14)         832
    inception5a 2x2 maximum; a block                (832, 7, 7)           832
    inception5b a block                             (1024, 7, 7)          1024
    =========== =================================== ===================== ==========

    Features are the means of the layer's maps. The names of the weights are those of torchvision's file
    ``googlenet-1378be20.pth``, and so is a departure from the paper that its weights were made with: the third branch
    of a block has 3x3 convolutions where the paper has 5x5, and every convolution is followed by batch normalisation.
    That file comes from TensorFlow, whose pictures run from -1 to 1. torchvision takes pictures normalised for ImageNet
    and, with ``transform_input``, turns them back into that; both steps together are ``2 x - 1``, which is done here.

    Parameters
    ----------
    layer : str
        The last one, of ``layers``; later ones are not built.

    References
    ----------
    .. [1] Szegedy et al. Going deeper with convolutions. CVPR 2015.
    .. [2] Ioffe, Szegedy. Batch normalization. ICML 2015.
    """

    name: ClassVar[str] = "googlenet"
    layers: ClassVar[tuple[str, ...]] = tuple(_BLOCKS)
    dropped: ClassVar[tuple[str, ...]] = ("aux1.", "aux2.", "fc.")
    smallest_side: ClassVar[int] = 32

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.conv1 = _Unit(3, 64, 7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = _Unit(64, 64, 1)
        self.conv3 = _Unit(64, 192, 3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.n_features = 192
        for name in self.layers[: self.layers.index(layer) + 1]:
            if name == "inception4a":
                self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
            elif name == "inception5a":
                self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
            block = _Inception(self.n_features, *_BLOCKS[name])
            self.add_module(name, block)
            self.n_features = block.n_out
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster on a processor

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features of shape (n, n_features) for pictures from 0 to 1, shape (n, 1, side, side)."""
        maps = (pictures * 2 - 1).expand(-1, 3, -1, -1)
        for step in self.children():  # in the order in which they were made
            maps = step(maps)
        return maps.mean(dim=(2, 3))


class _Unit(nn.Module):
    """A convolution, batch normalisation, ReLU."""

    def __init__(self, n_in: int, n_out: int, size: int, *, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, size, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(n_out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))


class _Inception(nn.Module):
    """Four branches whose maps are put one after the other."""

    def __init__(self, n_in: int, n1: int, n3_in: int, n3: int, n5_in: int, n5: int, n_pool: int) -> None:
        super().__init__()
        self.branch1 = _Unit(n_in, n1, 1)
        self.branch2 = nn.Sequential(_Unit(n_in, n3_in, 1), _Unit(n3_in, n3, 3, padding=1))
        self.branch3 = nn.Sequential(_Unit(n_in, n5_in, 1), _Unit(n5_in, n5, 3, padding=1))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), _Unit(n_in, n_pool, 1))
        self.n_out = n1 + n3 + n5 + n_pool

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], dim=1)
