"""The ``boneage`` command. Heavy imports happen inside the commands, so that ``--help`` answers at once."""

from __future__ import annotations

import io
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from boneage.cli import age, demo, info, landmarks, phantom, predict, segment, segment_train, split, standardise, stress
from boneage.cli.options import err_console

app = typer.Typer(
    name="boneage",
    help="Bone age from hand radiographs: find the bones, crop them, read the age. Research use only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("phantom")(phantom.phantom)
app.command("split")(split.split)
app.command("standardise")(standardise.standardise)
app.command("predict")(predict.predict)
app.command("segment")(segment.segment)
app.command("segment-train")(segment_train.segment_train)
app.command("stress")(stress.stress)
app.command("info")(info.info)
app.add_typer(landmarks.app, name="landmarks")
app.add_typer(age.app, name="age")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"boneage {version('boneage')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line. Exit codes: 0 done; 1 nothing could be done; 2 usage; 3 done, with refusals.

    What a user can mend is shown as one line; BONEAGE_DEBUG=1 shows where it arose. Any other error is a fault of the
    program: its traceback is shown. What a console cannot show, as names of files that are no Unicode, is escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except Exception as error:
        from boneage.imaging.errors import BoneAgeError

        if not isinstance(error, BoneAgeError) or os.environ.get("BONEAGE_DEBUG"):
            raise
        err_console().print(f"boneage: {error}", style="bold red", soft_wrap=True)
        sys.exit(1)
