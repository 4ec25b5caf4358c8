"""``boneage landmarks``: train a localiser, locate landmarks, report errors, choose hands to annotate, and more."""

import typer

from boneage.cli.landmarks import benchmark, convert, locate, report, scaling, select, select_benchmark, speed, train

__all__ = ["app"]

app = typer.Typer(
    help="Train a landmark localiser, locate landmarks, report errors, convert annotations, choose which hands to "
    "annotate, measure the cost.",
    no_args_is_help=True,
)
for command in (
    train.train,
    locate.locate,
    report.report,
    benchmark.benchmark,
    convert.convert,
    speed.speed,
    scaling.scaling,
    select.select,
    select_benchmark.select_benchmark,
):
    app.command()(command)
