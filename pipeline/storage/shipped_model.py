"""The model that comes with the package: see docs/model-card.md."""

from __future__ import annotations

from pathlib import Path

from boneage.imaging.errors import InvalidModelFile

_PATH = Path(__file__).parents[1] / "models" / "hand.boneage"


def shipped_model() -> Path:
    """Return the file of the model for radiographs of hands.

    Raises
    ------
    InvalidModelFile
        If this installation lacks it.
    """
    if not _PATH.is_file():
        raise InvalidModelFile(_PATH, "this installation lacks the model that comes with boneage: give --model")
    return _PATH
