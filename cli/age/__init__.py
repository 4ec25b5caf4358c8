"""``boneage age``: train an age model, join and compare age models, report errors, choose hands to read, and more."""

import typer

from boneage.cli.age import benchmark, calibrate, geometry, join, map, report, select, select_benchmark, train

__all__ = ["app"]

app = typer.Typer(
    help="Train an age model, join and compare age models, report errors, choose hands to read.", no_args_is_help=True
)
for command in (train.train, join.join, benchmark.benchmark, geometry.geometry, report.report, calibrate.calibrate):
    app.command()(command)
app.command("map")(map.map_)
app.command()(select.select)
app.command()(select_benchmark.select_benchmark)
