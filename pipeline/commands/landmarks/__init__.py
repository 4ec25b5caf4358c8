"""``boneage landmarks``: train a localiser, locate landmarks, judge them, convert annotations, measure the cost."""

import typer

from boneage.pipeline.commands.landmarks.converting import convert
from boneage.pipeline.commands.landmarks.judging import benchmark, report
from boneage.pipeline.commands.landmarks.locating import locate, train
from boneage.pipeline.commands.landmarks.timing import scaling, speed

__all__ = ["app"]

app = typer.Typer(
    help="Train a landmark localiser, locate landmarks, report errors, convert annotations, measure the cost.",
    no_args_is_help=True,
)
for command in (train, locate, report, benchmark, convert, speed, scaling):
    app.command()(command)
