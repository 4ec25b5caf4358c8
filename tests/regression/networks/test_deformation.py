import math

import pytest
import torch

from boneage.regression.networks.deformation import AffineWarp, Deformation, ThinPlateWarp, interpolate_thin_plate

SIDE = 7
TICKS = torch.linspace(-1, 1, SIDE)
GRID = torch.stack(torch.meshgrid(TICKS, TICKS, indexing="xy"), dim=-1)  # (row, column) holds (x, y)
WARPS = [("affine", AffineWarp), ("thin_plate", ThinPlateWarp)]


def draw(*shape, scale=1.0):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(0))


def make_layer(warp, *, trained=False):
    torch.manual_seed(0)
    layer = Deformation(warp, channels=3, window=SIDE)
    if trained:  # as far from the identity as a training might take it
        torch.nn.init.normal_(layer.localise[-1].weight)
        torch.nn.init.normal_(layer.localise[-1].bias)
    return layer


def windows_side_by_side(features, rows, columns):
    windows = [[features[..., r : r + SIDE, c : c + SIDE] for c in range(columns)] for r in range(rows)]
    return torch.cat([torch.cat(row, dim=-1) for row in windows], dim=-2)


@pytest.mark.parametrize(("warp", "_"), WARPS)
def test_before_training_windows_are_as_they_were(warp, _):
    features = draw(2, 3, SIDE + 2, SIDE + 1)
    deformed = make_layer(warp)(features)
    assert deformed.shape == (2, 3, 3 * SIDE, 2 * SIDE)
    assert torch.allclose(deformed, windows_side_by_side(features, 3, 2), atol=1e-5)


@pytest.mark.parametrize(("warp", "_"), WARPS)
def test_a_window_is_bent_the_same_in_any_surroundings(warp, _):
    features = draw(1, 3, SIDE + 3, SIDE + 2)
    layer = make_layer(warp, trained=True)
    whole = layer(features)
    assert not torch.allclose(whole, windows_side_by_side(features, 4, 3), atol=0.1)
    for row, column in [(0, 0), (3, 2), (1, 1)]:
        alone = layer(features[..., row : row + SIDE, column : column + SIDE])
        place = whole[..., row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
        assert torch.allclose(place, alone, atol=1e-5)


@pytest.mark.parametrize(("warp", "_"), WARPS)
def test_the_localisation_net_learns(warp, _):
    layer = make_layer(warp)
    optimiser = torch.optim.SGD(layer.localise.parameters(), 0.5)
    features = draw(1, 3, SIDE, SIDE)
    for _step in range(2):  # its last layer is 0 at first, and lets nothing through to the one before
        optimiser.zero_grad()
        (layer(features) ** 2).mean().backward()
        optimiser.step()
    for name, parameter in layer.localise.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name
    assert not torch.allclose(layer(features), features, atol=1e-4)


@pytest.mark.parametrize(("_", "warp"), WARPS)
def test_parameters_of_zero_are_the_identity(_, warp):
    layer = warp(SIDE)
    places = layer(torch.zeros(2, 5, layer.n_parameters))
    assert places.shape == (2, 5, SIDE, SIDE, 2)
    assert torch.allclose(places, GRID.expand_as(places), atol=1e-6)


def test_an_affine_warp_cannot_collapse():
    warp = AffineWarp(SIDE)
    for parameters in (draw(500, 6, scale=3.0), draw(500, 6, scale=1e6)):
        places = warp(parameters)
        right, down = places[:, 0, 1] - places[:, 0, 0], places[:, 1, 0] - places[:, 0, 0]
        area = (right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0]) / (2 / (SIDE - 1)) ** 2
        assert area.min() > math.exp(-0.6) - 1e-3
        assert area.max() < math.exp(0.6) + 1e-3


def test_an_affine_turn_is_a_turn():
    places = AffineWarp(SIDE)(torch.tensor([100.0, 0, 0, 0, 0, 0]))
    # half a radian, from x to y, which is clockwise in a picture; distances from the middle stay
    assert torch.allclose(places.norm(dim=-1), GRID.norm(dim=-1), atol=1e-5)
    corner = places[SIDE // 2, -1]
    assert torch.atan2(corner[1], corner[0]).item() == pytest.approx(0.5, abs=1e-5)


def test_a_spline_without_moves_of_its_own_is_the_affine_warp():
    affine = draw(4, 6)
    both = torch.cat([affine, torch.zeros(4, 32)], dim=-1)
    assert torch.allclose(ThinPlateWarp(SIDE)(both), AffineWarp(SIDE)(affine), atol=1e-5)


def test_a_spline_goes_through_its_control_points():
    controls, values = draw(12, 2), draw(12, 3)
    matrix = interpolate_thin_plate(controls, torch.cat([controls, controls + 0.01]))
    assert torch.allclose(matrix[:12] @ values, values, atol=1e-4)
    assert torch.allclose(matrix[12:] @ values, values, atol=0.3)  # and is smooth
    assert not torch.allclose(matrix[12:] @ values, values, atol=1e-3)


def test_a_spline_of_affine_values_is_affine_everywhere():
    controls, places = draw(12, 2), 10 * draw(40, 2)
    linear, offset = torch.tensor([[0.7, -1.2], [2.0, 0.4]]), torch.tensor([3.0, -5.0])
    spline = interpolate_thin_plate(controls, places) @ (controls @ linear + offset)
    assert torch.allclose(spline, places @ linear + offset, atol=1e-3)


def test_a_moved_control_point_moves_its_surroundings_most():
    parameters = torch.zeros(38)
    parameters[6 + 2 * 5] = 100.0  # the x of the second in the second row, at (-1/3, -1/3)
    moves = (ThinPlateWarp(SIDE)(parameters) - GRID)[..., 0]
    assert moves[2, 2].item() == pytest.approx(0.15, abs=1e-5)
    assert moves.abs().argmax() == 2 * SIDE + 2
    assert moves[2, 2] > 3 * moves[-1, -1].abs()


def test_what_is_computed_is_not_saved():
    assert all(name.startswith("localise") for name in make_layer("thin_plate").state_dict())


def test_a_window_needs_room():
    with pytest.raises(ValueError, match="at least 2 features wide, got 1"):
        Deformation("affine", 3, 1)
