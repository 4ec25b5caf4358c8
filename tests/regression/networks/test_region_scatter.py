import torch

from boneage.regression.networks.region_scatter import place_regions


def test_values_are_put_where_regions_are_present():
    present = torch.tensor([[True, False, True], [False, False, True]])
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    placed = place_regions(values, present)
    assert placed.shape == (2, 3, 2)
    assert placed[present].tolist() == values.tolist()
    assert not placed[~present].any()
    placed.sum().backward()
    assert values.grad.tolist() == [[1.0, 1.0]] * 3


def test_the_values_dtype_is_kept():
    placed = place_regions(torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([[True, False]]))
    assert placed.dtype == torch.bfloat16
