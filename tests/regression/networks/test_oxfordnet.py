import pytest
import torch

from boneage.regression.networks.oxfordnet import OxfordNet

# Places of the convolutions among torchvision's `features`, and their channels.
CONVOLUTIONS = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256, 17: 512, 19: 512, 21: 512, 24: 512, 26: 512,
                28: 512}  # fmt: skip


def whole():
    with torch.device("meta"):
        return OxfordNet("fc7")


def test_weights_have_the_names_and_shapes_of_torchvisions_file():
    expected, n_in = {}, 3
    for place, n_out in CONVOLUTIONS.items():
        expected |= {f"features.{place}.weight": (n_out, n_in, 3, 3), f"features.{place}.bias": (n_out,)}
        n_in = n_out
    for place, n in ((0, 25088), (3, 4096)):
        expected |= {f"classifier.{place}.weight": (4096, n), f"classifier.{place}.bias": (4096,)}
    assert {name: tuple(array.shape) for name, array in whole().state_dict().items()} == expected
    assert sum(array.numel() for array in whole().parameters()) == 138_357_544 - 1000 * 4097


@pytest.mark.parametrize(("layer", "n_features"), [("pool1", 64), ("pool3", 256), ("pool5", 512)])
@pytest.mark.parametrize("side", [32, 45])
def test_features_of_a_layer_for_pictures_of_any_side(layer, n_features, side):
    net = OxfordNet(layer).eval()
    with torch.inference_mode():
        assert net(torch.rand(2, 1, side, side)).shape == (2, n_features)
    assert net.n_features == n_features


def test_shapes_of_the_fully_connected_layers():
    with torch.device("meta"):
        pictures = torch.rand(2, 1, 64, 64)
        assert OxfordNet("fc6")(pictures).shape == OxfordNet("fc7")(pictures).shape == (2, 4096)


def test_pictures_are_normalised_for_imagenet():
    net = OxfordNet("pool1").eval()
    inputs_of_first = []
    net.features.register_forward_pre_hook(lambda _module, inputs: inputs_of_first.append(inputs[0]))
    net(torch.full((1, 1, 32, 32), 0.485))
    assert inputs_of_first[0].shape == (1, 3, 32, 32)
    assert inputs_of_first[0][0, :, 5, 5].tolist() == pytest.approx(
        [0, (0.485 - 0.456) / 0.224, (0.485 - 0.406) / 0.225], abs=1e-6
    )


def test_layers_that_are_not_needed_are_not_built():
    assert set(OxfordNet("pool2").state_dict()) == {
        f"features.{place}.{part}" for place in (0, 2, 5, 7) for part in ("weight", "bias")
    }
