import copy
import dataclasses
import errno
import itertools
import pathlib
import pickle

import numpy as np
import pytest
import torch

from boneage.imaging.errors import UnusableCheckpoint
from boneage.regression import BackboneSettings, MultiRegionSettings, Recipe, seed_recipe, training_loop
from boneage.regression.networks.backbone import BackboneNet, RegionHead
from boneage.regression.networks.multiregion import MultiRegionNet
from boneage.regression.training import train_network
from boneage.regression.training_data import TrainingData
from boneage.regression.weight_average import WeightAverage

RECIPE = Recipe(epochs=12, batch_size=4)


def make_data(n=10, shape=(16, 16)):
    rng = torch.Generator().manual_seed(0)
    return TrainingData(
        torch.rand(n, 2, *shape, generator=rng), torch.ones(n, 2, dtype=torch.bool), torch.zeros(n),
        torch.randn(n, generator=rng),
    )  # fmt: skip


def train(recipe=RECIPE, seed=0, data=None, **options):
    torch.manual_seed(1)
    data = data or make_data()
    net = MultiRegionNet(MultiRegionSettings(channels=(4, 8), hidden=8, ndim=data.pixels.ndim - 2), 2, use_sex=False)
    train_network(net, data, recipe, "learned", seed=seed, **options)
    return torch.cat([p.detach().ravel() for p in net.parameters()])


def test_the_same_seed_ends_with_the_same_weights_whatever_the_global_state():
    first = train()
    np.random.default_rng()
    torch.rand(7)
    assert torch.allclose(first, train(), rtol=1e-4, atol=1e-6)
    assert not torch.allclose(first, train(seed=1), rtol=1e-2)


def test_the_callers_random_state_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    net = MultiRegionNet(MultiRegionSettings(channels=(4, 8), hidden=8), 2, use_sex=False)
    torch.manual_seed(5)
    train_network(net, make_data(), dataclasses.replace(RECIPE, epochs=1), "equal", seed=0)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("shape", [(16, 16), (8, 8, 8)])
def test_an_interrupted_training_resumes_and_ends_with_the_same_weights(tmp_path, shape):
    checkpoint = tmp_path / "state.ckpt"

    def interrupt(_stage, part):
        if part > 0.6:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(data=make_data(shape=shape), checkpoint=checkpoint, progress=interrupt)
    assert checkpoint.is_file()
    parts = []
    resumed = train(
        data=make_data(shape=shape), checkpoint=checkpoint, progress=lambda _stage, part: parts.append(part)
    )
    assert len(parts) < 12
    assert torch.allclose(resumed, train(data=make_data(shape=shape)), rtol=1e-4, atol=1e-6)
    assert torch.load(checkpoint, weights_only=True)["epoch"] == 11, "it stays until what was trained is stored"
    assert torch.equal(train(data=make_data(shape=shape), checkpoint=checkpoint), resumed)


@pytest.mark.parametrize("epochs", [5, 6])
def test_with_an_average_and_growing_pictures_it_resumes_to_the_bit(tmp_path, monkeypatch, epochs):
    checkpoint = tmp_path / "state.ckpt"  # saved after the fifth epoch: with the last to come, or with none
    pixels = torch.rand(6, 2, 72, 72, generator=torch.Generator().manual_seed(2))
    data = dataclasses.replace(make_data(6), pixels=pixels)
    recipe = Recipe(epochs=epochs, batch_size=3, average_weights=0.9, sides=(64, 64, 72))
    settings = BackboneSettings("efficientnet-lite0", "stage1", frozen=False, batch_statistics=True, hidden=(8,))

    def run(**options):
        torch.manual_seed(1)
        net = BackboneNet(settings, 2, use_sex=False)
        train_network(net, data, recipe, "learned", seed=0, **options)
        return net.state_dict()

    def interrupt(*_arguments):
        raise KeyboardInterrupt

    whole = run()
    with monkeypatch.context() as patch:
        patch.setattr(WeightAverage, "apply", interrupt)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run(checkpoint=checkpoint)
    assert checkpoint.is_file()
    resumed = run(checkpoint=checkpoint)
    assert all(torch.equal(array, resumed[name]) for name, array in whole.items())


def test_pictures_grow_in_the_course_of_the_training(monkeypatch):
    sides = []
    monkeypatch.setattr(
        MultiRegionNet,
        "_features",
        lambda _net, pictures, _region: sides.append(pictures.shape[-1]) or pictures.new_ones(len(pictures), 8),
    )
    recipe = Recipe(epochs=4, batch_size=10, sides=(8, 12, 16, 16))
    train(recipe)
    assert sides == [8, 12, 16, 16]


def test_an_average_of_weights_is_not_the_last_of_them():
    recipe = dataclasses.replace(RECIPE, epochs=4)
    last, averaged = train(recipe), train(dataclasses.replace(recipe, average_weights=0.9))
    assert 1e-5 < (last - averaged).abs().mean() < (last - train(recipe, seed=1)).abs().mean()


def test_a_resumed_training_remembers_its_history(tmp_path):
    checkpoint = tmp_path / "state.ckpt"

    def run(**options):
        torch.manual_seed(1)
        net = MultiRegionNet(MultiRegionSettings(channels=(4, 8), hidden=8), 2, use_sex=False)
        return train_network(net, make_data(), RECIPE, "learned", seed=0, **options)

    def interrupt(_stage, part):
        if part > 0.6:
            raise KeyboardInterrupt

    whole = run()
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(checkpoint=checkpoint, progress=interrupt)
    resumed = run(checkpoint=checkpoint)
    assert run(checkpoint=checkpoint) == resumed, "nothing is left to be trained"
    assert len(whole) == RECIPE.epochs
    assert [r.loss for r in resumed] == pytest.approx([r.loss for r in whole], rel=1e-3)
    assert whole[-1].loss < whole[0].loss


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_checkpoint_cut_short_is_named_with_what_to_do(tmp_path, part):
    checkpoint = tmp_path / "state.ckpt"
    recipe = dataclasses.replace(RECIPE, epochs=1)
    train(recipe, checkpoint=checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes()[: int(part * checkpoint.stat().st_size)])
    with pytest.raises(UnusableCheckpoint, match=r"state\.ckpt: is damaged: remove it to train from the beginning"):
        train(recipe, checkpoint=checkpoint)


def test_another_file_in_its_place_is_no_checkpoint_and_runs_no_code(tmp_path):
    checkpoint = tmp_path / "state.ckpt"
    torch.save({"weights": torch.zeros(3)}, checkpoint)
    with pytest.raises(UnusableCheckpoint, match="is no state of a training: remove it"):
        train(checkpoint=checkpoint)
    checkpoint.write_bytes(pickle.dumps({"history": pathlib.PurePosixPath("x")}, protocol=2))
    with pytest.raises(UnusableCheckpoint, match="is damaged"):
        train(checkpoint=checkpoint)


def test_a_training_goes_on_where_its_state_cannot_be_saved(tmp_path, monkeypatch, caplog):
    def fail(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    recipe = dataclasses.replace(RECIPE, epochs=1)
    monkeypatch.setattr(training_loop.lightning.Trainer, "save_checkpoint", fail)
    assert torch.equal(train(recipe, checkpoint=tmp_path / "state.ckpt"), train(recipe))
    assert "state.ckpt (No space left on device)" in caplog.text


def test_long_epochs_are_saved_each(monkeypatch, tmp_path):
    checkpoint = tmp_path / "state.ckpt"
    minutes = itertools.count(step=121.0)
    monkeypatch.setattr(training_loop.time, "monotonic", lambda: next(minutes))

    def interrupt(_stage, part):
        if part > 0.2:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(checkpoint=checkpoint, progress=interrupt)
    assert torch.load(checkpoint, weights_only=True)["epoch"] == 1  # the second of twelve; the third was interrupted


def test_eight_bits_are_trained_on_as_the_floats_they_stand_for():
    data = make_data()
    bytes_ = (data.pixels * 255).round().to(torch.uint8)
    as_bytes = train(data=dataclasses.replace(data, pixels=bytes_))
    assert torch.allclose(as_bytes, train(data=dataclasses.replace(data, pixels=bytes_ / 255)), rtol=1e-4, atol=1e-6)


def test_pretrained_layers_learn_at_a_rate_of_their_own_and_frozen_ones_not_at_all():
    data = make_data(4)
    data = dataclasses.replace(data, pixels=torch.rand(4, 2, 32, 32))
    plain = Recipe(optimiser="sgd", schedule="constant", loss="mse", epochs=1, batch_size=4, learning_rate=0.01,
                   weight_decay=0, augmentation=None)  # fmt: skip
    for frozen in (False, True):
        moved = {}
        for rate in (0.1, 1.0):
            torch.manual_seed(0)
            net = BackboneNet(BackboneSettings("vgg16", "pool1", frozen=frozen, hidden=(8,)), 2, use_sex=False)
            before = {name: array.clone() for name, array in net.state_dict().items()}
            recipe = dataclasses.replace(plain, pretrained_rate=rate)
            train_network(net, data, recipe, "learned", seed=0)
            moved[rate] = {k: (v - before[k]).abs().max().item() for k, v in net.state_dict().items()}
        assert moved[1.0]["head.age.bias"] == pytest.approx(moved[0.1]["head.age.bias"]) != 0
        if frozen:
            assert moved[1.0]["backbone.features.2.bias"] == 0
        else:
            assert moved[1.0]["backbone.features.2.bias"] == pytest.approx(
                10 * moved[0.1]["backbone.features.2.bias"], rel=0.05
            )


def test_a_head_learns_from_features():
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(40, 2, 5, generator=rng)
    data = TrainingData(features, torch.ones(40, 2, dtype=torch.bool), torch.zeros(40), features[:, :, 0].mean(dim=1))
    head = RegionHead(5, 2, False, BackboneSettings(hidden=(16,), dropout=0))
    history = train_network(head, data, dataclasses.replace(RECIPE, epochs=30, augmentation=None), "equal", seed=0)
    assert history[-1].loss < 0.4 * history[0].loss


def test_a_training_that_diverges_stops_and_names_the_hands():
    data = make_data(4)
    data.age[3] = float("nan")
    with pytest.raises(FloatingPointError, match=r"epoch 1, hands (number [0-3](, )?){4}: lower"):
        train(data=data)
    with pytest.raises(FloatingPointError, match=r"hands ((a|b|c|4211)(, )?){4}: lower"):
        train(data=dataclasses.replace(data, names=("a", "b", "c", "4211")))


def test_a_network_in_prediction_mode_is_trained_in_training_mode():
    torch.manual_seed(1)
    net = MultiRegionNet(MultiRegionSettings(channels=(4, 8), hidden=8), 2, use_sex=False).eval()
    train_network(net, make_data(), RECIPE, "learned", seed=0)
    assert torch.allclose(torch.cat([p.detach().ravel() for p in net.parameters()]), train(), rtol=1e-4, atol=1e-6)
    assert not net.training


def test_the_seeds_recipe_trains():
    net = train(dataclasses.replace(seed_recipe(), epochs=2))
    assert torch.isfinite(net).all()


def test_coarser_arithmetic_learns_nearly_the_same_and_leaves_fine_weights():
    recipe = dataclasses.replace(RECIPE, epochs=3)
    fine, coarse = train(recipe), train(dataclasses.replace(recipe, precision="bfloat16"))
    assert coarse.dtype == torch.float32
    assert 0 < (fine - coarse).abs().mean() < 0.02
    assert (fine - train(recipe, seed=1)).abs().mean() > (fine - coarse).abs().mean()


@pytest.mark.parametrize(("capability", "told"), [("AVX2", True), ("AVX512", False)])
def test_a_processor_that_emulates_bfloat16_is_told(capability, told, monkeypatch, caplog):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    train(dataclasses.replace(RECIPE, epochs=1))
    assert not caplog.text
    train(dataclasses.replace(RECIPE, epochs=1, precision="bfloat16"))
    assert ("training in float32 is several times faster" in caplog.text) == told


def test_fixed_weights_decide_which_region_learns():
    data = make_data()
    torch.manual_seed(1)
    net = MultiRegionNet(MultiRegionSettings(channels=(4, 8), branch="per_site", hidden=8), 2, use_sex=False)
    before = [copy.deepcopy(branch.state_dict()) for branch in net.branches]
    recipe = dataclasses.replace(RECIPE, epochs=1, region_loss=0.0, weight_decay=0.0, optimiser="sgd")
    recipe = dataclasses.replace(recipe, augmentation=None)
    train_network(net, data, recipe, "fixed", fixed_weights=torch.tensor([1.0, 1e-6]), seed=0)
    moved = [
        (branch[0].weight - old["0.weight"]).abs().max().item()
        for branch, old in zip(net.branches, before, strict=True)
    ]
    assert moved[0] > 1e-4 > 1e-5 > moved[1]
