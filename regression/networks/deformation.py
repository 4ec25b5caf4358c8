"""The deformation layer: a spatial transformer on feature maps, affine or thin-plate.

A small network, the localisation net, predicts the parameters of a warp from a window of features; the window is then
sampled at the warped positions [1]_. It works in every window of a larger map at once. The parameters pass a tanh, so
that a window rotates, stretches, shears and shifts within limits, and cannot collapse to a line or a point. The
thin-plate spline [2]_ adds small shifts of its control points; only with many of them at opposite limits does the
window fold.

References
----------
.. [1] Jaderberg, Simonyan, Zisserman, Kavukcuoglu: Spatial transformer networks. NeurIPS 2015.
.. [2] Bookstein: Principal warps: thin-plate splines and the decomposition of deformations. IEEE Transactions on
       Pattern Analysis and Machine Intelligence 11(6), 1989.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from boneage.imaging.errors import InvalidInput

Warp = Literal["affine", "thin_plate"]

_TURN, _LOG_SCALE, _SHEAR, _SHIFT = 0.5, 0.3, 0.3, 0.25  # radians, -, -, half sides of the window
_CONTROLS = 4  # control points along each side
_REACH = 0.15  # half sides that the spline moves a control point at most; they are 0.67 apart
_HIDDEN = 16


class Deformation(nn.Module):
    """Warp every window of a feature map; the identity before training.

    Parameters
    ----------
    warp : {"affine", "thin_plate"}
        Rotation, two scales, shear and shift; or the same and a thin-plate spline through 4 x 4 control points.
    channels : int
        Of the features.
    window : int
        Side of a window in features, at least 2.
    """

    def __init__(self, warp: Warp, channels: int, window: int) -> None:
        super().__init__()
        if window < 2:
            raise InvalidInput(f"a window to be deformed must be at least 2 features wide, got {window}")
        self.window = window
        self.warp = AffineWarp(window) if warp == "affine" else ThinPlateWarp(window)
        self.localise = nn.Sequential(
            nn.Conv2d(channels, _HIDDEN, window), nn.ReLU(), nn.Conv2d(_HIDDEN, self.warp.n_parameters, 1)
        )
        last = self.localise[-1]
        for values in last.parameters():
            nn.init.zeros_(values)

    def forward(self, features: Tensor) -> Tensor:
        """Return the deformed windows, side by side.

        A window is sampled within its own bounds only, so its surroundings have no effect.

        Parameters
        ----------
        features : tensor of shape (n, channels, height, width)

        Returns
        -------
        tensor of shape (n, channels, rows * window, columns * window)
            Of ``rows = height - window + 1`` by ``columns = width - window + 1`` windows.
        """
        n, _, height, width = features.shape
        parameters = self.localise(features).movedim(1, -1)
        rows, columns = parameters.shape[1:3]
        places = self.warp(parameters).clamp(-1, 1)  # (n, rows, columns, window, window, 2)
        corners = torch.stack(torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="xy"), dim=-1)
        cells = (places + 1) * ((self.window - 1) / 2) + corners[:, :, None, None].to(places)
        grid = cells.transpose(2, 3).reshape(n, rows * self.window, columns * self.window, 2)
        extent = torch.tensor([width - 1, height - 1]).to(grid)
        return functional.grid_sample(features, 2 * grid / extent - 1, align_corners=True)


class AffineWarp(nn.Module):
    """Six parameters to the positions at which a window is sampled.

    The linear part is a rotation times a triangular matrix ``[[exp(a), shear], [0, exp(b)]]``: its determinant
    ``exp(a + b)`` cannot come near 0.

    Parameters
    ----------
    window : int
    """

    n_parameters = 6
    grid: Tensor

    def __init__(self, window: int) -> None:
        super().__init__()
        self.register_buffer("grid", _grid(window), persistent=False)

    def forward(self, parameters: Tensor) -> Tensor:
        """Return places (x, y), -1 to 1 over the window, shape (..., window, window, 2), of parameters (..., 6)."""
        return _move(self.grid, parameters)


class ThinPlateWarp(nn.Module):
    """Parameters of an affine map and shifts of control points to the positions at which a window is sampled.

    The spline is linear in its control points' positions, so its system is solved once, here.

    Parameters
    ----------
    window : int
    """

    n_parameters = 6 + 2 * _CONTROLS**2
    controls: Tensor
    spline: Tensor

    def __init__(self, window: int) -> None:
        super().__init__()
        controls = _grid(_CONTROLS)
        spline = interpolate_thin_plate(controls.reshape(-1, 2), _grid(window).reshape(-1, 2))
        self.window = window
        self.register_buffer("controls", controls, persistent=False)
        self.register_buffer("spline", spline, persistent=False)

    def forward(self, parameters: Tensor) -> Tensor:
        """Return places (x, y), -1 to 1 over the window, shape (..., window, window, 2), of parameters (..., 38)."""
        moved = _move(self.controls, parameters[..., :6]).flatten(-3, -2)
        moves = _REACH * torch.tanh(parameters[..., 6:]).reshape(moved.shape)
        places = self.spline @ (moved + moves)
        return places.reshape(*places.shape[:-2], self.window, self.window, 2)


def _move(places: Tensor, parameters: Tensor) -> Tensor:
    """Return places, shape (side, side, 2), moved by every affine map of parameters (..., 6)."""
    turn, across, along, shear, *shift = torch.tanh(parameters).unbind(dim=-1)
    c, s = torch.cos(_TURN * turn), torch.sin(_TURN * turn)
    wide, high, skew = torch.exp(_LOG_SCALE * across), torch.exp(_LOG_SCALE * along), _SHEAR * shear
    rows = torch.stack([c * wide, c * skew - s * high, s * wide, s * skew + c * high], dim=-1)
    linear = rows.reshape(*rows.shape[:-1], 1, 1, 2, 2)
    return (linear @ places[..., None])[..., 0] + _SHIFT * torch.stack(shift, dim=-1)[..., None, None, :]


def interpolate_thin_plate(controls: Tensor, places: Tensor) -> Tensor:
    """Return the matrix that takes the values at control points to those of the thin-plate spline at other places.

    Parameters
    ----------
    controls : tensor of shape (n_controls, 2)
        Three of them not on a line.
    places : tensor of shape (n_places, 2)

    Returns
    -------
    tensor of shape (n_places, n_controls)
        Exact for values that are affine in the position.

    Examples
    --------
    >>> corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> matrix = interpolate_thin_plate(corners, torch.tensor([[0.5, 0.5]]))
    >>> (matrix @ torch.tensor([0.0, 1.0, 2.0, 3.0])).round(decimals=5).tolist()
    [1.5]
    """
    n = len(controls)
    system = torch.zeros((n + 3, n + 3), dtype=torch.float64)
    affine = _with_one(controls)
    system[:n, :n], system[:n, n:], system[n:, :n] = _bend(controls, controls), affine, affine.T
    read = torch.cat([_bend(places, controls), _with_one(places)], dim=1)
    spline: Tensor = torch.linalg.solve(system, read, left=False)
    return spline[:, :n].float()


def _bend(places: Tensor, controls: Tensor) -> Tensor:
    """Return r^2 log r of the distances, 0 at 0."""
    squared = ((places.double()[:, None] - controls.double()) ** 2).sum(dim=-1)
    return 0.5 * torch.xlogy(squared, squared)


def _with_one(places: Tensor) -> Tensor:
    return torch.cat([torch.ones(len(places), 1, dtype=torch.float64), places.double()], dim=1)


def _grid(side: int) -> Tensor:
    """Return places (x, y) from -1 to 1, shape (side, side, 2)."""
    ticks = torch.linspace(-1, 1, side)
    return torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
