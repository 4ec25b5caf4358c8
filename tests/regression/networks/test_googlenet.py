import pytest
import torch

from boneage.regression.networks.googlenet import GoogLeNet

# One block as torchvision's file has it: shapes of inception4d's convolutions.
INCEPTION_4D = {
    "branch1": (112, 512, 1, 1), "branch2.0": (144, 512, 1, 1), "branch2.1": (288, 144, 3, 3),
    "branch3.0": (32, 512, 1, 1), "branch3.1": (64, 32, 3, 3), "branch4.1": (64, 512, 1, 1),
}  # fmt: skip
BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


@pytest.fixture(scope="module")
def net():
    """The whole network with random weights."""
    torch.manual_seed(0)
    return GoogLeNet("inception5b").eval()


def test_weights_have_the_names_and_shapes_of_torchvisions_file(net):
    state = {name: tuple(array.shape) for name, array in net.state_dict().items()}
    units = [f"conv{k}" for k in (1, 2, 3)] + [
        f"inception{block}.{unit}"
        for block in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
        for unit in INCEPTION_4D
    ]
    assert set(state) == {
        f"{unit}.{part}" for unit in units for part in ("conv.weight", *(f"bn.{p}" for p in BATCH_NORM))
    }
    for unit, shape in INCEPTION_4D.items():
        assert state[f"inception4d.{unit}.conv.weight"] == shape
        assert state[f"inception4d.{unit}.bn.running_var"] == shape[:1]
    assert state["conv1.conv.weight"] == (64, 3, 7, 7)
    assert sum(array.numel() for array in net.parameters()) == 6_624_904 - 1000 * 1025


@pytest.mark.parametrize(("layer", "n_features"), [("inception3a", 256), ("inception4d", 528), ("inception5b", 1024)])
@pytest.mark.parametrize("side", [32, 45])
def test_features_of_a_layer_for_pictures_of_any_side(layer, n_features, side):
    net = GoogLeNet(layer).eval()
    with torch.inference_mode():
        assert net(torch.rand(2, 1, side, side)).shape == (2, n_features)
    assert net.n_features == n_features


def test_maps_have_the_published_sides():
    net, sides = GoogLeNet("inception5b").eval(), {}
    for name, block in net.named_children():
        block.register_forward_hook(lambda _m, _i, maps, name=name: sides.update({name: tuple(maps.shape[1:])}))
    with torch.inference_mode():
        net(torch.rand(1, 1, 224, 224))
    assert sides["conv3"] == (192, 56, 56)
    assert sides["inception3b"] == (480, 28, 28)
    assert sides["inception4e"] == (832, 14, 14)
    assert sides["inception5b"] == (1024, 7, 7)


def test_pictures_are_brought_to_what_the_weights_were_learnt_with():
    net, inputs_of_first = GoogLeNet("inception3a").eval(), []
    net.conv1.register_forward_pre_hook(lambda _module, inputs: inputs_of_first.append(inputs[0]))
    grey = torch.rand(1, 1, 32, 32)
    net(grey)
    # torchvision: normalised for ImageNet, then turned into TensorFlow's range by `transform_input`
    mean, spread = (torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    normalised = (grey - mean) / spread
    assert torch.allclose(inputs_of_first[0], normalised * (spread / 0.5) + (mean - 0.5) / 0.5, atol=1e-5)
