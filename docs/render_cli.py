"""Write the tables of options in docs/cli.md from the commands themselves.

Usage: python docs/render_cli.py

What stands in docs/cli.md above the line ``<!-- options -->`` is written by hand and kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

import typer
from typer import core

from boneage.cli.app import app

PAGE = Path(__file__).parent / "cli.md"
MARK = "<!-- options: made by docs/render_cli.py -->"


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(render(PAGE.read_text()))


def render(page: str) -> str:
    """Return the page with the options of the commands as they are now."""
    by_hand = page.partition(MARK)[0]
    sections = [_render_command(name, command) for name, command in walk_commands()]
    return by_hand + MARK + "\n\n" + "\n".join(sections)


def walk_commands() -> Iterator[tuple[str, core.TyperCommand]]:
    """Yield every command that does something, with its full name: ``boneage landmarks train``."""
    yield from _walk("boneage", typer.main.get_command(app))


def _walk(name: str, command: object) -> Iterator[tuple[str, core.TyperCommand]]:
    if isinstance(command, core.TyperGroup):
        for part, child in command.commands.items():
            yield from _walk(f"{name} {part}", child)
    else:
        assert isinstance(command, core.TyperCommand)
        yield name, command


def _render_command(name: str, command: core.TyperCommand) -> str:
    lines = [f"### {name}", "", " ".join((command.help or "").split("\n\n")[0].split()), ""]
    lines += ["| option | default | meaning |", "|---|---|---|"]
    for parameter in command.params:
        if isinstance(parameter, core.TyperArgument):
            metavar = (parameter.name or "").upper() + ("…" if parameter.nargs == -1 else "")
            lines.append(f"| `{metavar}` | required | {_clean(parameter.help)} |")
        elif isinstance(parameter, core.TyperOption) and not parameter.hidden and "--help" not in parameter.opts:
            flags = " ".join(f"`{flag}`" for flag in (*parameter.opts, *parameter.secondary_opts))
            lines.append(f"| {flags} | {_default(parameter)} | {_clean(parameter.help)}{_choices(parameter)} |")
    return "\n".join([*lines, ""])


def _default(option: core.TyperOption) -> str:
    if option.required:
        return "required"
    if isinstance(option.default, bool) or option.default in (None, (), []):
        return "on" if option.default is True else ""
    return f"`{getattr(option.default, 'value', option.default)}`"


def _choices(option: core.TyperOption) -> str:
    choices = _literals(option.type_descriptor.annotation)
    return f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""


def _literals(annotation: object) -> list[str]:
    """Return the values of a ``Literal``, also of an optional one."""
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    return [value for part in get_args(annotation) for value in _literals(part)]


def _clean(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
