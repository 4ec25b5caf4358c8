"""The models that come with the package: see docs/model-card.md."""

from __future__ import annotations

from pathlib import Path

from boneage.imaging.errors import InvalidModelFile

_FOLDER = Path(__file__).parents[1] / "models"
_SEGMENTER = "centres.boneage"


def shipped_model() -> Path:
    """Return the file of the model for radiographs of hands.

    Raises
    ------
    InvalidModelFile
        If this installation lacks it.
    """
    return _find("hand.boneage", "give --model")


def shipped_segmenter() -> Path:
    """Return the file of the model that outlines ossification centres in radiographs of hands.

    Raises
    ------
    InvalidModelFile
        If this installation lacks it.
    """
    return _find(_SEGMENTER, "train one with segment-train and give --model")


def has_segmenter() -> bool:
    """Return whether this installation has :func:`shipped_segmenter`."""
    return (_FOLDER / _SEGMENTER).is_file()


def _find(name: str, remedy: str) -> Path:
    path = _FOLDER / name
    if not path.is_file():
        raise InvalidModelFile(path, f"this installation lacks the model that comes with boneage: {remedy}")
    return path
