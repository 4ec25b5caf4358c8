"""Errors that a user can mend: a file that cannot be read, a table that does not fit, an output that cannot be written.

The command line shows these in one line; any other exception is a fault of the program and is shown with its traceback.
All of them can be pickled.
"""

from __future__ import annotations

from pathlib import Path


class BoneAgeError(Exception):
    """A fault of the input that a user can mend; the message gives the reason."""


class InvalidInput(BoneAgeError, ValueError):
    """Values, options or data that cannot be used, or not together."""


class MissingPackage(BoneAgeError):
    """An optional package that is not installed."""


class TrainingDiverged(BoneAgeError, FloatingPointError):
    """A training whose loss is no longer a number."""


class FileError(BoneAgeError):
    """A file or folder that cannot be used.

    Parameters
    ----------
    path : path-like
    reason : str
        What is wrong, to be read after the path.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = Path(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type[FileError], tuple[Path, str]]:
        return type(self), (self.path, self.reason)


class UnreadableScan(FileError):
    """A file that cannot be read as a scan."""


class NoScans(FileError):
    """A folder without images."""


class InvalidTable(FileError, ValueError):
    """A table that cannot be used."""


class InvalidModelFile(FileError, ValueError):
    """A file that cannot be used as a model."""


class UnusableCheckpoint(FileError, ValueError):
    """A file that a training cannot resume from."""


class UnusableWeights(FileError, ValueError):
    """A file that a network's pretrained weights cannot be taken from."""


class UnusableOutput(FileError):
    """A place that results cannot be written to."""
