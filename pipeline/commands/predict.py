"""``boneage predict``: a folder of radiographs in, ages out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from boneage.pipeline.commands.options import Ids, Images, Jobs, Out, Sizes, conclude, err_console

if TYPE_CHECKING:
    from boneage.pipeline.assessment import Assessment


def predict(
    images: Images,
    out: Out,
    model: Annotated[Path, typer.Option("--model", help="A trained age model (.boneage).", show_default=False)],
    sex_csv: Annotated[Path | None, typer.Option("--sex-csv", help="CSV of id, sex (or male).")] = None,
    sex: Annotated[Literal["F", "M"] | None, typer.Option("--sex", help="The sex of every hand.")] = None,
    sizes: Sizes = None,
    ids: Ids = None,
    jobs: Jobs = 1,
) -> None:
    """Read the bone age of every file in a folder.

    Writes ages.csv (a row a file, bad files with their reason), landmarks.csv and overlays/. The sex comes
    from --sex-csv, --sex or the file itself, and is never guessed. Research use only.
    """
    from boneage.imaging import read_sexes, read_sizes
    from boneage.pipeline.batch import predict_files
    from boneage.pipeline.gathering import find_files
    from boneage.pipeline.progress import track

    if sex_csv is not None and sex is not None:
        raise typer.BadParameter("give --sex-csv or --sex, not both")
    paths = find_files(images, ids)
    sexes = read_sexes(sex_csv) if sex_csv else dict.fromkeys((p.stem for p in paths), sex) if sex else {}

    def follow(results: Iterator[Assessment]) -> Iterable[Assessment]:
        return track(results, total=len(paths), label="reading hands", console=err_console())

    results = predict_files(
        paths,
        model,
        out,
        sexes=sexes,
        sizes=read_sizes(sizes) if sizes else {},
        jobs=jobs,
        follow=follow,
    )
    refusals = (f"refused {result.path}: {result.reason}" for result in results if result.status == "refused")
    conclude(results, out / "ages.csv", refusals)
