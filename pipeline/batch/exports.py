"""Tables written from the results of a run, each on its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from boneage.imaging.errors import UnusableOutput

logger = logging.getLogger(__name__)

Exports = Mapping[str, Callable[[], None]]
"""What writes each table, by the table's name."""


def write_exports(folder: Path, exports: Exports) -> None:
    """Write every table that can be written, then tell which could not.

    Parameters
    ----------
    folder : Path
        Of the run, for messages.
    exports : mapping of callable

    Raises
    ------
    UnusableOutput
        If a table could not be written; it names each of those and why.
    """
    faults = {}
    for name, write in exports.items():
        try:
            write()
        except UnusableOutput as error:
            faults[name] = error.reason
        except Exception as error:  # one table must not take the others with it
            logger.exception("unexpected error while writing %s", folder / name)
            faults[name] = f"internal error: {error!r}"
    if faults:
        listed = "; ".join(f"{name} {reason}" for name, reason in faults.items())
        raise UnusableOutput(
            folder,
            f"{listed}. All other tables are written, and the results are kept: "
            "the same command writes the tables again",
        )
