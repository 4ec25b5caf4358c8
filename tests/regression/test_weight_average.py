import pytest
import torch
from torch import nn

from boneage.regression.weight_average import WeightAverage


def step(average):
    average.on_train_batch_end(None, None, None, None, 0)


def test_it_is_the_mean_of_the_weights_that_forgets_exponentially():
    net = nn.Linear(1, 1, bias=False)
    average, expected = WeightAverage(net, 0.5), None
    for k, weight in enumerate([8.0, 2.0, 5.0, 1.0] * 5):
        net.weight.data.fill_(weight)
        step(average)
        part = 1 - min(0.5, k / (k + 10))
        expected = weight if expected is None else expected + part * (weight - expected)
    assert net.weight.item() == 1.0  # the training goes on from its own weights
    average.apply()
    assert net.weight.item() == pytest.approx(expected, rel=1e-5)


def test_statistics_are_averaged_and_counts_are_the_last():
    net = nn.BatchNorm1d(2)
    average = WeightAverage(net, 0.9)
    for _ in range(3):
        net(torch.randn(5, 2) + 4)
        step(average)
    last = net.running_mean.clone()
    average.apply()
    assert net.num_batches_tracked == 3
    assert (net.running_mean < last).all()


def test_a_state_goes_on_where_it_was():
    torch.manual_seed(0)
    net = nn.Linear(2, 3)
    first, second = WeightAverage(net, 0.9), WeightAverage(net, 0.9)
    step(first)
    net.weight.data += 1
    second.load_state_dict({**first.state_dict(), "average": {k: v.clone() for k, v in first._average.items()}})
    for average in (first, second):
        step(average)
    assert all(torch.equal(array, second._average[name]) for name, array in first._average.items())
