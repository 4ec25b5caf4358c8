"""``boneage age``: train an age model, join and compare age models, report errors, draw maps."""

import typer

from boneage.pipeline.commands.age.comparing import benchmark, geometry
from boneage.pipeline.commands.age.joining import join
from boneage.pipeline.commands.age.judging import report
from boneage.pipeline.commands.age.training import train
from boneage.pipeline.commands.age_mapping import map_

__all__ = ["app"]

app = typer.Typer(help="Train an age model, join and compare age models, report errors.", no_args_is_help=True)
for command in (train, join, benchmark, geometry, report):
    app.command()(command)
app.command("map")(map_)
