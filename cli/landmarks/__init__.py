"""``boneage landmarks``: train a localiser, locate landmarks, report errors, convert annotations, measure the cost."""

import typer

from boneage.cli.landmarks import benchmark, convert, locate, report, scaling, speed, train

__all__ = ["app"]

app = typer.Typer(
    help="Train a landmark localiser, locate landmarks, report errors, convert annotations, measure the cost.",
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
):
    app.command()(command)
