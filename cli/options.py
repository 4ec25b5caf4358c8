"""Arguments and options that several commands share, and the two consoles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from boneage.pipeline.assessment import Assessment
    from boneage.pipeline.batch.localisation import LocalisationResult
    from boneage.pipeline.batch.segmentation import SegmentationResult
    from boneage.pipeline.batch.standardisation import StandardisationResult

    Outcome = Assessment | LocalisationResult | SegmentationResult | StandardisationResult

_MOST_LISTED = 20

Preset = Literal["paper", "accurate", "fast", "compact"]

Images = Annotated[list[Path], typer.Argument(help="Folder(s) of radiographs or MR volumes.", show_default=False)]
Places = Annotated[
    list[Path],
    typer.Argument(
        help="Folders of radiographs or MR volumes, files, lists of paths (@FILE, one a line) or patterns in quotes.",
        show_default=False,
    ),
]
_LANDMARKS_HELP = (
    "Annotated landmarks: a CSV of id, NAME_x, NAME_y … in original pixels, COCO or Label Studio JSON, "
    "a CSV of boxes, or a folder of Slicer files, Pascal VOC files or masks of joints."
)
Annotations = Annotated[Path, typer.Option("--landmarks", help=_LANDMARKS_HELP, show_default=False)]
Landmarks = Annotated[Path | None, typer.Option("--landmarks", help=_LANDMARKS_HELP)]
Ages = Annotated[list[Path], typer.Option("--ages", help="Age CSV: id, boneage_months, sex. May be repeated.")]
Sizes = Annotated[
    Path | None,
    typer.Option("--sizes", help="CSV of id, width, height: original sizes of images that are resized copies."),
]
Ids = Annotated[Path | None, typer.Option("--ids", help="Use only the images whose ids this file lists, one a line.")]
Recursive = Annotated[bool, typer.Option("--recursive", help="Read the images in sub-folders too.")]
Localiser = Annotated[Path | None, typer.Option("--localiser", help="A trained localiser (.boneage).")]
PresetOption = Annotated[Preset, typer.Option("--preset", help="Localiser settings: the published recipe, or ours.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice.")]
Timeout = Annotated[
    float, typer.Option("--timeout", min=1, help="Seconds for one file, where several are read; it is refused then.")
]
Scheduler = Annotated[
    str,
    typer.Option(
        "--scheduler",
        help="Address of the Dask cluster that reads the files, such as tcp://127.0.0.1:8786, in place of --jobs; "
        "needs the extra 'cluster'.",
    ),
]
Restart = Annotated[bool, typer.Option("--restart", help="Begin anew: the results in the folder are removed.")]
RetryRefused = Annotated[bool, typer.Option("--retry-refused", help="Read files again that were refused before.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Number of processes or threads.")]
TrainCount = Annotated[int, typer.Option("--train", min=2, help="Images to train on.")]
TestCount = Annotated[int, typer.Option("--test", min=1, help="Other images to test on.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)]
Strata = Annotated[
    str, typer.Option("--strata", help="Bounds of ids that are numbers, by commas, to tell errors by: 2100,4400.")
]
Scheme = Annotated[
    str | None,
    typer.Option(
        "--scheme",
        help="Landmark scheme (bone groups, lines): a JSON file or a shipped one's name; found by the landmarks' names "
        "if not given.",
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        help="Unit of the errors from two landmarks of the truth, e.g. "
        "'ulna_styloid_tip:radius_styloid_tip=50mm' or 'wrist:middle_finger4=100%'.",
    ),
]


def split_names(text: str) -> list[str]:
    """Return the names in an option that takes several, by commas.

    Examples
    --------
    >>> split_names("paper, fast,")
    ['paper', 'fast']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def read_bounds(text: str) -> list[int]:
    """Return the increasing whole numbers in an option that takes several, by commas.

    Examples
    --------
    >>> read_bounds("2100, 4400")
    [2100, 4400]
    """
    try:
        bounds = [int(part) for part in split_names(text)]
    except ValueError:
        bounds = [0, 0]
    if bounds != sorted(set(bounds)):
        raise typer.BadParameter(f"must be increasing whole numbers by commas, got {text!r}")
    return bounds


@cache
def out_console() -> Console:
    """Return the console for results."""
    from rich.console import Console

    return Console(highlight=False, markup=False)


@cache
def err_console() -> Console:
    """Return the console for progress, remarks and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False)


def conclude(results: Sequence[Outcome], table: Path, remarks: Iterable[str], unit: str = "files") -> None:
    """Print how many files are ok, flagged and refused, and the remarks; leave with 3, or 1 if all are refused."""
    counts = Counter(result.status for result in results)
    out_console().print(
        f"{len(results)} {unit}: {counts['ok']} ok, {counts['flagged']} flagged, {counts['refused']} refused; "
        f"see {table}"
    )
    remark(remarks)
    if counts["refused"]:
        raise typer.Exit(1 if counts["refused"] == len(results) else 3)


def list_some(lines: Iterable[str], table: Path) -> list[str]:
    """Return the first twenty lines, and how many more there are, which the table has."""
    lines = iter(lines)
    first = list(islice(lines, _MOST_LISTED))
    n_more = sum(1 for _ in lines)
    return [*first, f"… and {n_more} more: see {table}"] if n_more else first


def remark(lines: Iterable[str]) -> None:
    """Print remarks to the error console, one a line."""
    for line in lines:
        err_console().print(f"  {line}", soft_wrap=True)
