"""EfficientNet-Lite0, Lite1 and Lite2 up to a named stage: features of pictures as ImageNet teaches them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEM = "_conv_stem.weight"
_STEM_WIDTH, _HEAD_WIDTH = 32, 1280  # of every size
_MEAN, _SPREAD = 127 / 255, 128 / 255  # of the pictures that the weights were learnt from, all three colours alike


class _Stage(NamedTuple):
    """Blocks in a row, of Lite0: how many, how much wider inside, the window, the first one's step, channels."""

    blocks: int
    expansion: int
    size: int
    stride: int
    channels: int


_STAGES = {
    "stage1": _Stage(1, 1, 3, 1, 16),
    "stage2": _Stage(2, 6, 3, 2, 24),
    "stage3": _Stage(2, 6, 5, 2, 40),
    "stage4": _Stage(3, 6, 3, 2, 80),
    "stage5": _Stage(3, 6, 5, 1, 112),
    "stage6": _Stage(4, 6, 5, 2, 192),
    "stage7": _Stage(1, 6, 3, 1, 320),
}


class EfficientNetLite(nn.Module):
    """A convolution, inverted residual blocks in seven stages, a convolution of 1x1; see its three sizes below.

    Lite0, whose maps Lite1 repeats in more blocks, and Lite2 also widens:

    ======= ============================================== ===================== ==========
    layer   made of                                        shape for side 224    features
    ======= ============================================== ===================== ==========
    (stem)  3x3, 32, every second pixel                    (32, 112, 112)
    stage1  1 block, 3x3, not widened                      (16, 112, 112)        16
    stage2  2 blocks, 3x3, the first every second pixel    (24, 56, 56)          24
    stage3  2 blocks, 5x5, the first every second pixel    (40, 28, 28)          40
    stage4  3 blocks, 3x3, the first every second pixel    (80, 14, 14)          80
    stage5  3 blocks, 5x5                                  (112, 14, 14)         112
    stage6  4 blocks, 5x5, the first every second pixel    (192, 7, 7)           192
    stage7  1 block, 3x3                                   (320, 7, 7)           320
    head    1x1, 1280                                      (1280, 7, 7)          1280
    ======= ============================================== ===================== ==========

    A block widens its maps sixfold (1x1), filters each map on its own, and narrows them again (1x1, linear); its input
    is added where the shapes agree. The Lite networks are EfficientNets [1]_ without squeeze-and-excitation, with ReLU6
    for swish, with a stem and a head of one width, and with one block in the first and the last stage [2]_.

    Features are the means of the layer's maps. The names of the weights are those of the published checkpoints
    ``efficientnet-lite0-57934424.pth`` and so on, which were converted from TensorFlow, whose borders are kept: a
    convolution of every second pixel of an even side has more border at the far end. The stem reads one grey channel:
    its weights are the sums of those of red, green and blue (:func:`sum_colours`), which is the same for a grey picture
    since all three were normalised alike, to (grey - 127) / 128 of grey values to 255.

    Parameters
    ----------
    layer : str
        The last one, of ``layers``; later ones are not built.

    References
    ----------
    .. [1] Tan, Le. EfficientNet: rethinking model scaling for convolutional neural networks. ICML 2019.
    .. [2] Liu. Higher accuracy on vision models with EfficientNet-Lite. TensorFlow blog, 2020.
    """

    name: ClassVar[str]
    width: ClassVar[float]
    depth: ClassVar[float]
    layers: ClassVar[tuple[str, ...]] = (*_STAGES, "head")
    dropped: ClassVar[tuple[str, ...]] = ("_fc.",)
    smallest_side: ClassVar[int] = 64  # maps of 2x2 at the end: batch normalisation cannot learn from one number

    def __init__(self, layer: str) -> None:
        super().__init__()
        self._conv_stem = _SameConv2d(1, _STEM_WIDTH, 3, stride=2)
        self._bn0 = _batch_norm(_STEM_WIDTH)
        self._blocks = nn.ModuleList()
        self.n_features = _STEM_WIDTH
        for name in self.layers[: self.layers.index(layer) + 1]:
            if name != "head":
                self._add_stage(_STAGES[name], repeated=name not in ("stage1", "stage7"))
        if layer == "head":
            self._conv_head = nn.Conv2d(self.n_features, _HEAD_WIDTH, 1, bias=False)
            self._bn1 = _batch_norm(_HEAD_WIDTH)
            self.n_features = _HEAD_WIDTH
        self.apply(_draw_weights)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on a processor

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features of shape (n, n_features) for pictures from 0 to 1, shape (n, 1, side, side)."""
        return self.compute_maps(pictures).mean(dim=(2, 3))

    def compute_maps(self, pictures: Tensor) -> Tensor:
        """Return the maps whose means are the features, shape (n, n_features, rows, columns)."""
        maps: Tensor = deque(self.compute_block_maps(pictures), maxlen=1).pop()
        if hasattr(self, "_conv_head"):
            maps = functional.relu6(self._bn1(self._conv_head(maps)))
        return maps

    def compute_block_maps(self, pictures: Tensor) -> Iterator[Tensor]:
        """Yield the maps after each block."""
        maps: Tensor = functional.relu6(self._bn0(self._conv_stem((pictures - _MEAN) / _SPREAD)))
        for block in self._blocks:
            maps = block(maps)
            yield maps

    def _add_stage(self, stage: _Stage, *, repeated: bool) -> None:
        channels = _round_channels(stage.channels * self.width)
        for k in range(math.ceil(stage.blocks * self.depth) if repeated else stage.blocks):
            stride = stage.stride if k == 0 else 1
            self._blocks.append(_Block(self.n_features, channels, stage.expansion, stage.size, stride))
            self.n_features = channels


class EfficientNetLite0(EfficientNetLite):
    """3.4 million weights to the head; learnt at side 224."""

    name: ClassVar[str] = "efficientnet-lite0"
    width: ClassVar[float] = 1.0
    depth: ClassVar[float] = 1.0


class EfficientNetLite1(EfficientNetLite):
    """4.1 million weights to the head; learnt at side 240."""

    name: ClassVar[str] = "efficientnet-lite1"
    width: ClassVar[float] = 1.0
    depth: ClassVar[float] = 1.1


class EfficientNetLite2(EfficientNetLite):
    """4.8 million weights to the head; learnt at side 260."""

    name: ClassVar[str] = "efficientnet-lite2"
    width: ClassVar[float] = 1.1
    depth: ClassVar[float] = 1.2


def sum_colours(arrays: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return a checkpoint's arrays with a stem that reads grey: its weights for red, green and blue are added."""
    stem = arrays.get(_STEM)
    if stem is None or stem.ndim != 4 or stem.shape[1] != 3:
        return arrays
    return {**arrays, _STEM: stem.float().sum(dim=1, keepdim=True)}


class _Block(nn.Module):
    """An inverted residual block."""

    def __init__(self, n_in: int, n_out: int, expansion: int, size: int, stride: int) -> None:
        super().__init__()
        n_inside = n_in * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(n_in, n_inside, 1, bias=False)
            self._bn0 = _batch_norm(n_inside)
        self._depthwise_conv = _SameConv2d(n_inside, n_inside, size, stride=stride, groups=n_inside)
        self._bn1 = _batch_norm(n_inside)
        self._project_conv = nn.Conv2d(n_inside, n_out, 1, bias=False)
        self._bn2 = _batch_norm(n_out)
        self._residual = stride == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        maps = functional.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_expand_conv") else x
        maps = functional.relu6(self._bn1(self._depthwise_conv(maps)))
        narrowed: Tensor = self._bn2(self._project_conv(maps))
        return narrowed + x if self._residual else narrowed


class _SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's border ``SAME``: of an odd number of pixels, the far end has one more.

    On a processor, filters of single maps that are 5x5 or take steps of two pixels are trained in 32 bits where the
    others are trained in bfloat16, in which their gradients take three times as long: that halves the time of a step.
    """

    def __init__(self, n_in: int, n_out: int, size: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(n_in, n_out, size, stride, size // 2 if stride == 1 else 0, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] > 1:
            (rows_before, rows_after), (columns_before, columns_after) = (
                _same_border(side, self.kernel_size[0], self.stride[0]) for side in x.shape[2:]
            )
            x = functional.pad(x, (columns_before, columns_after, rows_before, rows_after))
        slow = self.groups > 1 and (self.stride[0] > 1 or self.kernel_size[0] > 3)
        if not (slow and x.dtype == torch.bfloat16 and x.device.type == "cpu"):
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float()).to(x.dtype)


def _same_border(side: int, size: int, stride: int) -> tuple[int, int]:
    """Return the border before and after a row of pixels, for one output at each started step."""
    border = max((math.ceil(side / stride) - 1) * stride + size - side, 0)
    return border // 2, border - border // 2


def _round_channels(channels: float) -> int:
    """Return the nearest multiple of eight, which is not below nine tenths of what is asked for."""
    rounded = int(channels + 4) // 8 * 8
    return rounded if rounded >= 0.9 * channels else rounded + 8


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=0.001)


def _draw_weights(module: nn.Module) -> None:
    """Draw a convolution's weights so that values neither grow nor fade from layer to layer."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
