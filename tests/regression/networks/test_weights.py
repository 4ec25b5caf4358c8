"""Files of the true layout, filled with random numbers; no network is touched."""

import hashlib
from urllib.error import URLError

import numpy as np
import pytest
import torch

from boneage.imaging.errors import UnusableWeights
from boneage.regression.networks import weights
from boneage.regression.networks.backbone import BACKBONES
from boneage.regression.networks.efficientnet_lite import EfficientNetLite0
from boneage.regression.networks.googlenet import GoogLeNet
from boneage.regression.networks.overfeat import OverFeat
from boneage.regression.networks.oxfordnet import OxfordNet
from boneage.regression.networks.weights import PublishedFile, fetch_weights, load_pretrained


def random_state(name, layer):
    """Arrays of a network down to a layer, as a file of its kind names and shapes them."""
    torch.manual_seed(7)
    return {key: torch.rand(array.shape).to(array.dtype) for key, array in BACKBONES[name](layer).state_dict().items()}


def whole_state(name):
    """Arrays of a whole network, as small on disk as one number each."""
    with torch.device("meta"):
        layout = BACKBONES[name]("head").state_dict()
    return {key: torch.zeros((), dtype=array.dtype).expand(array.shape) for key, array in layout.items()}


def googlenet_classifiers():
    """What else is in torchvision's file: two side branches for training, and the classes of photographs."""
    extra = {"fc.weight": (1000, 1024), "fc.bias": (1000,)}
    for branch, n in (("aux1", 512), ("aux2", 528)):
        extra |= {f"{branch}.conv.conv.weight": (128, n, 1, 1), f"{branch}.fc1.weight": (1024, 2048),
                  f"{branch}.fc2.bias": (1000,)}  # fmt: skip
        extra |= {f"{branch}.conv.bn.{part}": (128,) for part in ("weight", "bias", "running_mean", "running_var")}
    return {name: torch.zeros(shape) for name, shape in extra.items()}


def save(path, state, **options):
    torch.save(state, path, **options)
    return path


@pytest.fixture
def vgg_file(tmp_path):
    """The first four convolutions of VGG-16."""
    return save(tmp_path / "vgg.pth", random_state("vgg16", "pool2"))


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_a_file_of_the_true_layout_fills_the_network(tmp_path, options):
    state = random_state("googlenet", "inception5b")
    path = save(tmp_path / "googlenet.pth", {**state, **googlenet_classifiers()}, **options)
    for layer in ("inception3a", "inception5b"):
        net = GoogLeNet(layer)
        load_pretrained(net, path)
        assert all(torch.equal(array, state[name]) for name, array in net.state_dict().items())


def test_a_file_may_end_after_the_layer_that_is_needed(vgg_file):
    net = OxfordNet("pool1")
    load_pretrained(net, vgg_file)
    assert torch.equal(net.features[0].weight, random_state("vgg16", "pool2")["features.0.weight"])
    load_pretrained(OxfordNet("pool2"), vgg_file)
    with pytest.raises(UnusableWeights, match=r"vgg\.pth: does not fit vgg16: it lacks features\.10\.w.* and 3 more"):
        load_pretrained(OxfordNet("pool3"), vgg_file)


def test_old_files_do_not_count_batches_and_half_precision_is_widened(tmp_path):
    state = {k: v.half() for k, v in random_state("googlenet", "inception3a").items() if "num_batches" not in k}
    net = GoogLeNet("inception3a")
    load_pretrained(net, save(tmp_path / "old.pth", state))
    assert net.conv1.conv.weight.dtype == torch.float32
    assert torch.equal(net.conv1.conv.weight, state["conv1.conv.weight"].float())


def test_the_authors_own_file_of_overfeat(tmp_path):
    path = tmp_path / "net_weight_0"
    np.memmap(path, "<f4", mode="w+", shape=(145_920_872,))[:34848] = 0.25
    net = OverFeat("pool1")
    load_pretrained(net, path)
    assert (net.conv1.weight == 0.25).all()
    assert (net.conv1.bias == 0).all()


@pytest.mark.parametrize(
    ("name", "layer", "other"), [("googlenet", "inception3a", "vgg16"), ("overfeat", "pool1", "vgg16")]
)
def test_weights_of_another_network_are_named(vgg_file, name, layer, other):
    with pytest.raises(UnusableWeights, match=rf"does not fit {name}: it lacks .*; these are weights of {other}"):
        load_pretrained(BACKBONES[name](layer), vgg_file)


@pytest.mark.parametrize(("name", "other"), [("lite0", "lite1"), ("lite1", "lite2"), ("lite1", "lite0")])
def test_another_size_of_the_same_family_is_refused_and_named(tmp_path, name, other):
    path = save(tmp_path / "other.pth", whole_state(f"efficientnet-{other}"))
    with pytest.raises(UnusableWeights, match=rf"does not fit efficientnet-{name}: .*these are weights of .*-{other}"):
        load_pretrained(BACKBONES[f"efficientnet-{name}"]("head"), path)
    with pytest.raises(UnusableWeights, match=rf"does not fit vgg16: it lacks.*these are weights of .*-{other}"):
        load_pretrained(OxfordNet("pool1"), path)


def test_a_stem_for_colours_is_read_as_one_for_grey(tmp_path):
    state = random_state("efficientnet-lite0", "stage2")
    colours = torch.rand(32, 3, 3, 3)
    net = EfficientNetLite0("stage2")
    for dtype in (torch.float32, torch.float16):
        published = state | {"_conv_stem.weight": colours.to(dtype), "_fc.weight": torch.rand(1000, 1280)}
        load_pretrained(net, save(tmp_path / "published.pth", published))
        assert torch.allclose(net._conv_stem.weight[:, 0], colours.sum(dim=1), atol=2e-3)
    load_pretrained(net, save(tmp_path / "grey.pth", state))
    assert all(torch.equal(array, state[name]) for name, array in net.state_dict().items())


def test_a_deeper_relative_whose_first_layers_agree_is_refused(tmp_path):
    state = random_state("vgg16", "pool2") | {"features.16.weight": torch.rand(256, 256, 3, 3)}  # as VGG-19 has
    with pytest.raises(UnusableWeights, match=r"does not fit vgg16: it has features\.16\.weight besides"):
        load_pretrained(OxfordNet("pool2"), save(tmp_path / "vgg19.pth", state))


def test_wrong_shapes_and_values_are_named(tmp_path):
    state = random_state("vgg16", "pool1")
    grey = state | {"features.0.weight": torch.rand(64, 1, 3, 3)}
    with pytest.raises(UnusableWeights, match=r"features\.0\.weight has the shape \(64, 1, 3, 3\) instead of"):
        load_pretrained(OxfordNet("pool1"), save(tmp_path / "grey.pth", grey))
    state["features.2.bias"][5] = torch.nan
    with pytest.raises(UnusableWeights, match=r"features\.2\.bias holds values that are not finite"):
        load_pretrained(OxfordNet("pool1"), save(tmp_path / "nan.pth", state))


@pytest.mark.parametrize("name", ["vgg16", "efficientnet-lite0"])
@pytest.mark.parametrize("old_format", [True, False])
@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.99])
def test_a_file_that_is_cut_short_is_refused(tmp_path, part, old_format, name):
    layer = BACKBONES[name].layers[0]
    whole = save(tmp_path / "whole.pth", random_state(name, layer), _use_new_zipfile_serialization=not old_format)
    short = tmp_path / "short.pth"
    content = whole.read_bytes()
    short.write_bytes(content[: int(part * len(content))])
    with pytest.raises(UnusableWeights, match=r"short\.pth: .*(cut short|damaged)"):
        load_pretrained(BACKBONES[name](layer), short)


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": {}}, {"features.0.weight": 3.0}, OxfordNet("pool1")])
def test_files_of_something_else_are_refused(tmp_path, content):
    with pytest.raises(UnusableWeights, match=r"other\.pth: .*something else than"):
        load_pretrained(OxfordNet("pool1"), save(tmp_path / "other.pth", content))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnusableWeights, match=r"none\.pth: there is no such file"):
        load_pretrained(OxfordNet("pool1"), tmp_path / "none.pth")


@pytest.fixture
def published(tmp_path, monkeypatch, vgg_file):
    """A published file that is fetched from this machine's disk, and an empty cache folder."""
    monkeypatch.setenv("BONEAGE_CACHE", str(tmp_path / "cache"))
    digest = hashlib.sha256(vgg_file.read_bytes()).hexdigest()
    file = PublishedFile(vgg_file.as_uri(), digest[:8], 1)
    monkeypatch.setitem(weights.PUBLISHED, "vgg16", file)
    return file


def test_a_published_file_is_fetched_once_and_kept(published, vgg_file, tmp_path):
    reports = []
    path = fetch_weights("vgg16", lambda stage, part: reports.append((stage, part)))
    assert path == tmp_path / "cache" / "weights" / "vgg.pth"
    assert path.read_bytes() == vgg_file.read_bytes()
    assert reports[-1] == ("fetching weights", 1.0)
    vgg_file.unlink()
    assert fetch_weights("vgg16") == path
    load_pretrained(OxfordNet("pool2"))


def test_a_kept_file_that_was_changed_is_not_used(published, vgg_file):
    path = fetch_weights("vgg16")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UnusableWeights, match=rf"SHA-256 begins with \w+ instead of {published.sha256}.*delete it"):
        load_pretrained(OxfordNet("pool1"))


def test_a_fetched_file_with_another_digest_is_not_kept(published, monkeypatch, tmp_path):
    monkeypatch.setitem(weights.PUBLISHED, "vgg16", PublishedFile(published.url, "00000000", 1))
    with pytest.raises(UnusableWeights, match=r"instead of 00000000.*not kept"):
        fetch_weights("vgg16")
    assert list((tmp_path / "cache").rglob("*.*")) == []


def test_offline_it_says_what_to_fetch_and_where_to_put_it(monkeypatch, tmp_path):
    def no_network(*_arguments, **_options):
        raise URLError("no route to host")

    monkeypatch.setenv("BONEAGE_CACHE", str(tmp_path))
    monkeypatch.setattr(weights.urllib.request, "urlopen", no_network)
    with pytest.raises(UnusableWeights) as caught:
        load_pretrained(GoogLeNet("inception3a"))
    message = str(caught.value)
    assert str(tmp_path / "weights" / "googlenet-1378be20.pth") in message
    for part in ("https://download.pytorch.org/models/googlenet-1378be20.pth", "no route to host", "--weights FILE"):
        assert part in message


def test_overfeat_has_no_file_to_fetch():
    with pytest.raises(UnusableWeights, match="no file to fetch for overfeat: give one with --weights"):
        load_pretrained(OverFeat("pool1"))


def test_the_digests_are_those_in_the_published_names():
    for file in weights.PUBLISHED.values():
        assert file.url.startswith("https://")
        assert file.url.endswith(f"-{file.sha256}.pth")
