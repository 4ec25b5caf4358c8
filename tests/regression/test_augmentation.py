import numpy as np
import pytest
import torch
from torch.nn import functional

from boneage.regression import AugmentationSettings
from boneage.regression.augmentation import draw_augmentation

PRESENT = np.array([[True, True, False], [True, False, False]])


def draw(seed=0, ndim=2, **limits):
    none = {"max_rotation_rad": 0, "max_log_scale": 0, "max_shift": 0, "max_log_gamma": 0, "drop_region": 0}
    return draw_augmentation(np.random.default_rng(seed), AugmentationSettings(**{**none, **limits}), PRESENT, ndim)


def pixels():
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_no_limits_no_change():
    changed, present = draw().apply(pixels(), torch.from_numpy(PRESENT))
    assert torch.allclose(changed, pixels(), atol=1e-4)
    assert torch.equal(present, torch.from_numpy(PRESENT))


def test_the_same_draw_applies_the_same_and_leaves_its_argument():
    before = pixels()
    once = draw(3, max_rotation_rad=0.3, max_log_gamma=0.3)
    first, _ = once.apply(before, torch.from_numpy(PRESENT))
    second, _ = draw(3, max_rotation_rad=0.3, max_log_gamma=0.3).apply(before, torch.from_numpy(PRESENT))
    assert torch.equal(first, second)
    assert torch.equal(before, pixels())
    assert not torch.allclose(first, before, atol=0.05)


def test_a_shift_moves_the_picture():
    spot = torch.zeros(2, 3, 16, 16)
    spot[:, :, 8, 8] = 1
    moved, _ = draw(1, max_shift=0.25).apply(spot, torch.from_numpy(PRESENT))
    assert not torch.allclose(moved, spot, atol=0.1)
    assert moved.sum() <= spot.sum() + 1e-3


def test_dropping_leaves_one_region_and_never_adds_any():
    for seed in range(50):
        _, present = draw(seed, drop_region=0.9).apply(pixels(), torch.from_numpy(PRESENT))
        assert (present.sum(dim=1) >= 1).all()
        assert not (present & ~torch.from_numpy(PRESENT)).any()


def test_half_of_the_hands_are_mirrored_each_with_all_its_regions():
    picture = torch.rand(1, 2, 16, 16, generator=torch.Generator().manual_seed(0)).expand(200, 2, 16, 16)
    present = torch.ones(200, 2, dtype=torch.bool)
    none = {"max_rotation_rad": 0, "max_log_scale": 0, "max_shift": 0, "max_log_gamma": 0, "drop_region": 0}
    drawn = draw_augmentation(np.random.default_rng(0), AugmentationSettings(**none, flip=True), present.numpy())
    changed, _ = drawn.apply(picture, present)
    same = (changed - picture).abs().amax(dim=(1, 2, 3)) < 1e-4
    mirrored = (changed - picture.flip(-1)).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert (same ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_a_sharp_picture_keeps_its_grey_values_and_an_interpolated_one_does_not():
    grain = (pixels() > 0.5).float()
    turned = {part: draw(2, max_rotation_rad=0.4, sharp=part).apply(grain, torch.from_numpy(PRESENT))[0]
              for part in (0.0, 1.0)}  # fmt: skip
    assert ((turned[1.0] == 0) | (turned[1.0] == 1)).all()
    assert ((turned[0.0] > 0.01) & (turned[0.0] < 0.99)).any()


def test_a_blur_takes_grain_and_leaves_the_mean():
    grain = pixels()
    for seed in range(3):
        blurred, _ = draw(seed, max_blur=1.0).apply(grain, torch.from_numpy(PRESENT))
        assert blurred.std() < 0.95 * grain.std()
        assert blurred.mean().item() == pytest.approx(grain.mean().item(), abs=0.02)


def test_limits_are_checked():
    with pytest.raises(ValueError, match="at most 1"):
        AugmentationSettings(max_blur=1.5)
    with pytest.raises(ValueError, match="max_shift"):
        AugmentationSettings(max_shift=-1)
    with pytest.raises(ValueError, match="drop_region"):
        AugmentationSettings(drop_region=1.0)


def cubes():
    return torch.rand(2, 3, 9, 9, 9, generator=torch.Generator().manual_seed(0))


def test_cubes_without_limits_do_not_change():
    changed, present = draw(ndim=3).apply(cubes(), torch.from_numpy(PRESENT))
    assert torch.allclose(changed, cubes(), atol=1e-5)
    assert torch.equal(present, torch.from_numpy(PRESENT))


def test_cubes_are_turned_about_every_axis_and_their_shape_stays():
    turns = draw(4, 3, max_rotation_rad=0.5).warps[..., :3]
    assert np.allclose(turns @ turns.swapaxes(-1, -2), np.eye(3), atol=1e-5)
    assert (np.abs(turns - np.eye(3)).max(axis=(0, 1)) > 0.02).all()
    before = cubes()
    changed, _ = draw(4, 3, max_rotation_rad=0.5, max_blur=0.5, max_log_gamma=0.3).apply(
        before, torch.from_numpy(PRESENT)
    )
    assert changed.shape == before.shape
    assert torch.equal(before, cubes())
    assert not torch.allclose(changed, before, atol=0.05)


def test_cubes_are_moved_as_torch_moves_them():
    drawn = draw(5, 3, max_rotation_rad=0.4, max_log_scale=0.3, max_shift=0.2)
    changed, _ = drawn.apply(cubes(), torch.from_numpy(PRESENT))
    grid = functional.affine_grid(torch.from_numpy(drawn.warps.reshape(-1, 3, 4)), [6, 1, 9, 9, 9], align_corners=False)
    known = functional.grid_sample(cubes().reshape(6, 1, 9, 9, 9), grid, padding_mode="border", align_corners=False)
    assert torch.allclose(changed, known.reshape(changed.shape), atol=1e-4)


def test_a_window_moves_black_and_white_of_all_regions_of_a_hand():
    ramp = torch.linspace(0, 1, 256).reshape(1, 1, 16, 16).expand(2, 3, 16, 16)
    changed, _ = draw(2, max_window=0.2).apply(ramp, torch.from_numpy(PRESENT))
    assert torch.equal(changed[:, 0], changed[:, 1])
    assert not torch.allclose(changed[0], changed[1], atol=0.02)
    for hand in changed[:, 0]:
        flat = hand.flatten()
        inner = flat[(flat > 0.05) & (flat < 0.95)]
        slopes = inner.diff() * 255
        assert slopes.std() < 0.01
        assert 1 / 1.4 < slopes.mean() < 1 / 0.6


def test_noise_has_its_own_strength_for_each_hand_and_is_the_same_each_time():
    grey = torch.full((2, 3, 16, 16), 0.5)
    drawn = draw(4, max_noise=0.1)
    noisy, _ = drawn.apply(grey, torch.from_numpy(PRESENT))
    again, _ = drawn.apply(grey, torch.from_numpy(PRESENT))
    assert torch.equal(noisy, again)
    for k in range(2):
        assert noisy[k].std().item() == pytest.approx(drawn.noises[k], rel=0.1)
    assert drawn.noises[0] != drawn.noises[1]
