import torch

from boneage.regression.networks.region_scatter import scatter_regions


def test_values_are_put_where_regions_are_present():
    present = torch.tensor([[True, False, True], [False, False, True]])
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    located = scatter_regions(values, present)
    assert located.shape == (2, 3, 2)
    assert located[present].tolist() == values.tolist()
    assert not located[~present].any()
    located.sum().backward()
    assert values.grad.tolist() == [[1.0, 1.0]] * 3


def test_the_values_dtype_is_kept():
    located = scatter_regions(torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([[True, False]]))
    assert located.dtype == torch.bfloat16
