import dataclasses

import numpy as np
import pytest
import torch

from boneage.regression import BackboneSettings
from boneage.regression.features import extract_features
from boneage.regression.networks.backbone import BackboneNet

PRESENT = torch.tensor([[True, True], [True, False], [True, True]])
SETTINGS = BackboneSettings("vgg16", "pool1", hidden=(8,))


def make(settings=SETTINGS, seed=0):
    torch.manual_seed(seed)
    return BackboneNet(settings, 2, use_sex=True)


def pixels():
    return torch.randint(0, 256, (3, 2, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def watched():
    """A network, and how many regions it has been shown."""
    net, shown = make(), []
    net.backbone.register_forward_pre_hook(lambda _module, inputs: shown.append(len(inputs[0])))
    return net, shown


def test_features_are_what_the_network_sees():
    net = make().eval()
    features = extract_features(net, pixels(), PRESENT)
    assert features.shape == (3, 2, 64)
    assert (features[1, 1] == 0).all()
    sex = torch.tensor([-1.0, 1.0, 1.0])
    with torch.inference_mode():
        from_features, from_pixels = net.head(features, PRESENT, sex), net(pixels() / 255, PRESENT, sex)
    for of_features, of_pixels in zip(from_features, from_pixels, strict=True):
        assert torch.allclose(of_features, of_pixels, atol=1e-5)


def test_a_hand_is_looked_at_once(watched, tmp_path):
    net, shown = watched
    reports = []
    first = extract_features(net, pixels(), PRESENT, cache=tmp_path, progress=lambda *report: reports.append(report))
    assert shown == [5]
    assert reports == [("features", 1.0)]
    assert len(list(tmp_path.rglob("*.npz"))) == 3
    assert torch.equal(extract_features(net, pixels(), PRESENT, cache=tmp_path), first)
    again = extract_features(net, pixels()[[2, 0]], PRESENT[[2, 0]], cache=tmp_path)
    assert torch.equal(again, first[[2, 0]])
    assert shown == [5]


@pytest.mark.parametrize("change", ["weights", "side", "pixels", "present"])
def test_what_was_seen_otherwise_is_not_taken_for_it(watched, tmp_path, change):
    net, shown = watched
    extract_features(net, pixels()[:1], PRESENT[:1], cache=tmp_path)
    picture, present, second = pixels()[:1], PRESENT[:1], net
    if change == "weights":
        with torch.no_grad():
            net.backbone.features[0].bias[0] += 1
    elif change == "side":
        second = make(dataclasses.replace(SETTINGS, input_side=40))
        second.backbone = net.backbone
    elif change == "pixels":
        picture = picture ^ 1
    else:
        present = torch.tensor([[True, False]])
    found = extract_features(second, picture, present, cache=tmp_path)
    assert torch.equal(found, extract_features(second, picture, present))
    assert len(shown) == 3


@pytest.mark.parametrize("damage", ["short", "flipped", "empty", "other shape", "pickle", "not finite"])
def test_a_damaged_entry_is_computed_anew(watched, tmp_path, damage):
    net, shown = watched
    first = extract_features(net, pixels()[:1], PRESENT[:1], cache=tmp_path)
    entry = next(tmp_path.rglob("*.npz"))
    content = bytearray(entry.read_bytes())
    if damage == "short":
        entry.write_bytes(content[:200])
    elif damage == "flipped":
        content[len(content) // 2] ^= 64
        entry.write_bytes(content)
    elif damage == "empty":
        entry.write_bytes(b"")
    elif damage == "other shape":
        np.savez(entry, features=np.zeros((3, 3), np.float32))
    elif damage == "pickle":
        np.savez(entry, features=np.array([[object()]]))
    else:
        np.savez(entry, features=np.full((2, 64), np.nan, np.float32))
    for _ in range(2):
        assert torch.equal(extract_features(net, pixels()[:1], PRESENT[:1], cache=tmp_path), first)
    assert len(shown) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [entry]


def test_a_cache_that_cannot_be_written_ends_nothing(tmp_path, caplog):
    (tmp_path / "cache").touch()
    net = make().eval()
    found = extract_features(net, pixels(), PRESENT, cache=tmp_path / "cache")
    assert torch.equal(found, extract_features(net, pixels(), PRESENT))
    assert "features could not be kept" in caplog.text
