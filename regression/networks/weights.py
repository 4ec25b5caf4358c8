"""Pretrained weights of backbones: downloaded once, of an installed package, or from a file; checked before use.

Reading a file runs no code: it must hold named arrays only.
"""

from __future__ import annotations

import hashlib
import http.client
import pickle
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from boneage.imaging.errors import UnusableWeights
from boneage.imaging.progress import Progress
from boneage.regression.caching import cache_folder, open_atomically
from boneage.regression.networks.backbone import BACKBONES, Backbone
from boneage.regression.networks.efficientnet_lite import sum_colours
from boneage.regression.networks.overfeat import OverFeat, is_published, read_published
from boneage.regression.networks.packaged_weights import PACKAGED, find_packaged_weights
from boneage.regression.tensors import DAMAGED

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0  # without data from the server
_NAMED = 3  # arrays named in a message


@dataclass(frozen=True)
class PublishedFile:
    """A file of weights on the web.

    Parameters
    ----------
    url : str
    sha256 : str
        First digits of the file's SHA-256.
    megabytes : int
    """

    url: str
    sha256: str
    megabytes: int


PUBLISHED = {  # learnt from ImageNet, by torchvision
    "vgg16": PublishedFile("https://download.pytorch.org/models/vgg16-397923af.pth", "397923af", 528),
    "googlenet": PublishedFile("https://download.pytorch.org/models/googlenet-1378be20.pth", "1378be20", 50),
}


def load_pretrained(backbone: Backbone, weights: Path | None = None, progress: Progress | None = None) -> None:
    """Load pretrained weights into a backbone.

    1. Find the file: the one given, else that of the optional package, or torchvision's, which is downloaded once to
       the cache folder.
    2. Read its arrays and check them against the layout of the whole network.
    3. Copy those that the backbone has, up to its last layer; classifiers of photographs are left out.

    Parameters
    ----------
    backbone : OxfordNet, GoogLeNet, OverFeat or EfficientNetLite
        Changed in place.
    weights : Path, optional
        A file written by ``torch.save`` that holds a dict of arrays by their names; it may end after the layer that
        is needed. For OverFeat also the authors' own; for EfficientNet-Lite with a stem for colours or for grey.
    progress : callable, optional
        Called with a stage name and the part of it that is done.

    Raises
    ------
    UnusableWeights
        If the file is missing and cannot be fetched, its package is not installed, it has another SHA-256 than it
        should, is damaged, or does not hold the arrays that this backbone needs.
    """
    kind = backbone.name
    path = weights or (find_packaged_weights(kind) if kind in PACKAGED else fetch_weights(kind, progress))
    arrays = _read(path, backbone)
    _check(path, arrays, backbone)
    state = {name: arrays.get(name, start).to(start.dtype) for name, start in backbone.state_dict().items()}
    for name, array in state.items():
        if not torch.isfinite(array).all():
            raise UnusableWeights(path, f"its array {name} holds values that are not finite")
    backbone.load_state_dict(state)


def fetch_weights(name: str, progress: Progress | None = None) -> Path:
    """Return the published file of a backbone's weights, fetched if it is not in the cache folder.

    Raises
    ------
    UnusableWeights
        If it is not there and cannot be fetched, or its SHA-256 is not as published.
    """
    folder = cache_folder() / "weights"
    if name not in PUBLISHED:
        raise UnusableWeights(folder, f"there is no file to fetch for {name}: give one with --weights FILE")
    published = PUBLISHED[name]
    path = folder / published.url.rsplit("/", 1)[1]
    if path.is_file():
        _check_digest(path, _digest(path), published, "; delete it, and it is fetched again")
        return path
    try:
        with open_atomically(path) as file:
            _check_digest(path, _download(published, file.write, progress), published, ", and was not kept")
    except (OSError, http.client.HTTPException) as error:
        raise UnusableWeights(
            path,
            f"is not there, and could not be fetched ({error}). Fetch {published.url} ({published.megabytes} MB) where "
            "there is a network and put it there under this name, or give such a file with --weights FILE",
        ) from error
    return path


def _download(published: PublishedFile, write: Callable[[bytes], Any], progress: Progress | None) -> str:
    """Fetch a file and return its SHA-256."""
    digest, done = hashlib.sha256(), 0
    with urllib.request.urlopen(published.url, timeout=_TIMEOUT_S) as response:
        size = int(response.headers.get("Content-Length") or published.megabytes << 20)
        while chunk := response.read(_CHUNK):
            write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if progress:
                progress("fetching weights", min(done / size, 1.0))
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_digest(path: Path, digest: str, published: PublishedFile, remedy: str) -> None:
    if not digest.startswith(published.sha256):
        raise UnusableWeights(
            path,
            f"its SHA-256 begins with {digest[: len(published.sha256)]} instead of {published.sha256}: it is damaged, "
            f"or not {published.url}{remedy}",
        )


def _read(path: Path, backbone: Backbone) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise UnusableWeights(path, "there is no such file")
    try:
        if isinstance(backbone, OverFeat) and is_published(path):
            return read_published(path)
        arrays = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnusableWeights(path, "is damaged, or holds something else than named arrays") from error
    except DAMAGED as error:
        raise UnusableWeights(path, f"cannot be read: it is cut short, or no file of weights ({error})") from error
    if not isinstance(arrays, Mapping) or not all(isinstance(array, Tensor) for array in arrays.values()):
        raise UnusableWeights(path, "holds something else than arrays by their names")
    return sum_colours({str(name): array for name, array in arrays.items()})


def _check(path: Path, arrays: Mapping[str, Tensor], backbone: Backbone) -> None:
    """Check a file's arrays against the layout of the whole network."""
    # statistics of batch normalisation count their batches only in newer files, and nothing here reads the count
    needed = [name for name in backbone.state_dict() if not name.endswith("num_batches_tracked")]
    absent = [name for name in needed if name not in arrays]
    problem = f"it lacks {_list(absent)}" if absent else _find_misfit(type(backbone), arrays)
    if problem:
        others = [kind.name for kind in BACKBONES.values() if arrays and not _find_misfit(kind, arrays)]
        remark = f"; these are weights of {others[0]}" if others and others[0] != backbone.name else ""
        raise UnusableWeights(path, f"does not fit {backbone.name}: {problem}{remark}")


def _find_misfit(kind: type[Backbone], arrays: Mapping[str, Tensor]) -> str:
    """Return what arrays have that the whole network has not, or in another shape; empty if there is nothing."""
    layout = _layout(kind)
    foreign = [name for name in arrays if name not in layout and not name.startswith(kind.dropped)]
    if foreign:
        return f"it has {_list(foreign)} besides"
    for name in layout:
        if name in arrays and arrays[name].shape != layout[name].shape:
            return f"its array {name} has the shape {tuple(arrays[name].shape)} instead of {tuple(layout[name].shape)}"
    return ""


def _layout(kind: type[Backbone]) -> dict[str, Tensor]:
    """Return the arrays of the whole network, which have shapes and no content."""
    with torch.device("meta"):
        return dict(kind(kind.layers[-1]).state_dict())


def _list(names: list[str]) -> str:
    return f"{', '.join(names[:_NAMED])}{f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''}"
