import pytest
import torch

from boneage.regression.networks.heads import ExpectationHead, build_head


def test_an_expectation_stays_within_four_standard_deviations():
    head = ExpectationHead(3)
    ages = head(torch.randn(50, 3) * 1e4)
    assert ages.shape == (50, 1)
    assert ages.abs().max() <= 4
    assert ages.std() > 1


@pytest.mark.parametrize("name", ["linear", "expectation"])
def test_a_head_learns_an_age(name):
    torch.manual_seed(0)
    features = torch.randn(200, 4)
    truth = (features @ torch.tensor([0.5, -0.3, 0.2, 0.0]))[:, None]
    head = build_head(name, 4)
    optimiser = torch.optim.Adam(head.parameters(), 0.05)
    for _ in range(150):
        optimiser.zero_grad()
        loss = ((head(features) - truth) ** 2).mean()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.02 * truth.var().item()
