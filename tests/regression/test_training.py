import dataclasses

import numpy as np
import pytest
import torch

from boneage.regression import MultiRegionSettings, Recipe, seed_recipe
from boneage.regression.networks.multiregion import MultiRegionNet
from boneage.regression.training import TrainingData, train_network

RECIPE = Recipe(epochs=12, batch_size=4)


def make_data(n=10):
    rng = torch.Generator().manual_seed(0)
    return TrainingData(
        torch.rand(n, 2, 16, 16, generator=rng), torch.ones(n, 2, dtype=torch.bool), torch.zeros(n),
        torch.randn(n, generator=rng),
    )  # fmt: skip


def train(recipe=RECIPE, seed=0, data=None, **options):
    torch.manual_seed(1)
    net = MultiRegionNet(MultiRegionSettings(channels=(4, 8), hidden=8), 2, use_sex=False)
    train_network(net, data or make_data(), recipe, "learned", seed=seed, **options)
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


def test_an_interrupted_training_resumes_and_ends_with_the_same_weights(tmp_path):
    checkpoint = tmp_path / "state.ckpt"

    def interrupt(_stage, part):
        if part > 0.6:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(checkpoint=checkpoint, progress=interrupt)
    assert checkpoint.is_file()
    told = []
    resumed = train(checkpoint=checkpoint, progress=lambda _stage, part: told.append(part))
    assert len(told) < 12
    assert torch.allclose(resumed, train(), rtol=1e-4, atol=1e-6)
    assert not checkpoint.exists()


def test_a_training_that_diverges_stops_and_says_where():
    data = make_data()
    data.age[3] = float("nan")
    with pytest.raises(FloatingPointError, match="epoch 1, hands number"):
        train(data=data)


def test_the_seeds_recipe_trains():
    net = train(dataclasses.replace(seed_recipe(), epochs=2))
    assert torch.isfinite(net).all()
