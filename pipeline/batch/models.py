"""Model files that every process of a run must find unchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

from boneage.imaging.errors import InvalidModelFile
from boneage.pipeline.batch.file_state import digest_file

Model = TypeVar("Model")


@dataclass(frozen=True)
class ModelReference:
    """A model file and the SHA-256 of its content; it, not the model, travels to other processes."""

    path: Path
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the reference to a file as it is now, by its path from the root."""
        return cls(path.absolute(), digest_file(path))

    @property
    def name(self) -> str:
        """The file's name and the start of its digest, as in tables."""
        return f"{self.path.name} {self.sha256[:12]}"

    def load(self, load: Callable[[Path], Model]) -> Model:
        """Return what ``load`` makes of the file, which is read once a process.

        Raises
        ------
        InvalidModelFile
            If the file has changed, or ``load`` raises it.
        """
        model: Model = _load(load, self)
        return model


@lru_cache(maxsize=3)
def _load(load: Callable[[Path], Any], reference: ModelReference) -> Any:
    model = load(reference.path)
    if digest_file(reference.path) != reference.sha256:
        raise InvalidModelFile(reference.path, "has changed since the run began")
    return model
