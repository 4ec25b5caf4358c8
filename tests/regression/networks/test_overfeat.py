import numpy as np
import pytest
import torch

from boneage.regression.networks.overfeat import OverFeat, is_published, read_published


def whole():
    with torch.device("meta"):
        return OverFeat("fc7")


def test_weights_have_the_names_and_shapes_that_are_documented():
    state = {name: tuple(array.shape) for name, array in whole().state_dict().items()}
    layers = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")
    assert set(state) == {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}
    assert state["conv1.weight"] == (96, 3, 11, 11)
    assert state["fc6.weight"] == (3072, 1024, 6, 6)
    assert sum(array.numel() for array in whole().parameters()) == 145_920_872 - 1000 * 4097


@pytest.mark.parametrize(("layer", "n_features"), [("pool1", 96), ("pool2", 256), ("conv3", 512), ("pool5", 1024)])
def test_features_of_a_layer_for_the_smallest_pictures_and_others(layer, n_features):
    net = OverFeat(layer).eval()
    with torch.inference_mode():
        for side in (OverFeat.smallest_side, 90):
            assert net(torch.rand(2, 1, side, side)).shape == (2, n_features)
    assert net.n_features == n_features


def test_the_published_side_fills_the_first_fully_connected_layer():
    with torch.device("meta"):
        net = OverFeat("fc7")
        sides = []
        net.fc6.register_forward_hook(lambda _module, inputs, maps: sides.append((inputs[0].shape, maps.shape)))
        assert net(torch.rand(1, 1, 231, 231)).shape == (1, 4096)
        assert sides == [((1, 1024, 6, 6), (1, 3072, 1, 1))]
        assert net(torch.rand(1, 1, 100, 100)).shape == (1, 4096)


def test_pictures_are_normalised_as_by_the_authors():
    net = OverFeat("pool1")
    inputs_of_first = []
    net.conv1.register_forward_pre_hook(lambda _module, inputs: inputs_of_first.append(inputs[0]))
    net(torch.tensor([118.380948, 118.380948 + 61.896913])[:, None, None, None].expand(2, 1, 71, 71) / 255)
    assert inputs_of_first[0].shape == (2, 3, 71, 71)
    assert torch.allclose(inputs_of_first[0][:, :, 3, 3], torch.tensor([[0.0], [1.0]]).expand(2, 3), atol=1e-5)


def test_the_authors_file_is_floats_layer_after_layer(tmp_path):
    path = tmp_path / "net_weight_0"
    floats = np.memmap(path, "<f4", mode="w+", shape=(145_920_872,))  # zeros that take no room on the disk
    floats[0], floats[34848 - 1], floats[34848], floats[129233792] = 1, 2, 3, 4
    floats.flush()
    assert is_published(path)
    arrays = read_published(path)
    assert {name: arrays[name].shape for name in whole().state_dict()} == {
        name: array.shape for name, array in whole().state_dict().items()
    }
    assert arrays["conv1.weight"][0, 0, 0, 0] == 1
    assert arrays["conv1.weight"][-1, -1, -1, -1] == 2
    assert arrays["conv1.bias"][0] == 3
    assert arrays["fc6.bias"][0] == 4
    path.write_bytes(b"short")
    assert not is_published(path)
