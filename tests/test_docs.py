"""The docs name commands, options, files and pages that exist, and stay as short as they should be."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import shlex
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from typer import core
from typer.main import get_command

from boneage.cli.app import app
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.landmarks import ForestLocaliser, fast

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COUNTED = [page for page in PAGES if page.name != "CONTRIBUTING.md" and page.parent.name != "decisions"]
MOST_README_LINES, MOST_HASHES, MOST_HASHES_A_PAGE = 130, 30, 6
IDS = [str(page.relative_to(ROOT)) for page in PAGES]


def find_code_blocks(text: str) -> Iterator[str]:
    """Yield the contents of fenced blocks."""
    yield from re.findall(r"^```[a-z]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def find_commands(text: str) -> Iterator[str]:
    """Yield every command line of ``boneage``, perhaps by its path, in fenced blocks and in backticks."""
    for block in find_code_blocks(text):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if re.match(r"(\S*/)?boneage ", line):
                yield line
    for line in re.findall(r"`(boneage [^`\n]*)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        yield line


@cache
def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


def check_command(line: str) -> str:
    """Return what is wrong with a command line; empty if its command exists and knows its options."""
    words = shlex.split(re.sub(r"\s#.*| [|&>].*", "", line.replace("…", "")))[1:]
    command = get_command(app)
    while isinstance(command, core.TyperGroup) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return "" if words[0].isupper() else f"no command {words[0]!r}"
        command = command.commands[words.pop(0)]
    known = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known | {"--help"}]
    return f"unknown {unknown[0]}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_in_the_docs_exist(page: Path) -> None:
    faults = {line: fault for line in find_commands(page.read_text()) if (fault := check_command(line))}
    assert not faults


def test_a_wrong_command_would_be_noticed() -> None:
    assert check_command("boneage predict F --out R --sex-csv S") == ""
    assert check_command("boneage predict F --nothing") == "unknown --nothing"
    assert check_command("boneage landmarks sing F") == "no command 'sing'"


def find_anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_and_anchors_resolve(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        if not other.exists() or (anchor and anchor not in find_anchors(other.read_text())):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_files_in_backticks_exist(page: Path) -> None:
    """Paths such as ``landmarks/voting.py`` are files of the repository."""
    roots = "imaging|landmarks|regression|pipeline|evaluation|cli|tests|docs|notebooks"
    named = re.findall(rf"(?:`|python )((?:{roots})/[\w./-]*\.(?:py|json|md|ipynb|csv|boneage))\b", page.read_text())
    assert not [name for name in named if "/test_" not in name and not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_modules_in_backticks_can_be_found(page: Path) -> None:
    named = re.findall(r"(?:`|from |import )(boneage(?:\.[a-z_0-9]+)+)", page.read_text())
    missing = [name for name in named if not _resolves(name)]
    assert not missing


def _resolves(dotted: str) -> bool:
    """Return whether a dotted name is a module, or a name in one."""
    module, _, name = dotted.rpartition(".")
    try:
        if importlib.util.find_spec(dotted) is not None:
            return True
    except ModuleNotFoundError:
        pass
    return hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_import_what_exists(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    named = [f"{node.module}.{alias.name}" for node in imports for alias in node.names]
    assert not [name for name in named if name.startswith("boneage.") and not _resolves(name)]


def test_options_on_the_page_of_the_command_line_are_those_of_the_commands() -> None:
    """If this fails: python docs/render_cli.py."""
    page = (ROOT / "docs" / "cli.md").read_text()
    assert load_script("render_cli").render(page) == page


def test_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MOST_README_LINES


def test_few_commit_hashes_stand_in_the_docs() -> None:
    counts = {page.name: len(re.findall(r"`[0-9a-f]{7}`", page.read_text())) for page in COUNTED}
    assert sum(counts.values()) <= MOST_HASHES
    assert {name: n for name, n in counts.items() if n > MOST_HASHES_A_PAGE} == {}


def test_every_section_names_one_commit_at_most() -> None:
    for page in COUNTED:
        for section in re.split(r"^#+ ", page.read_text(), flags=re.MULTILINE):
            assert len(re.findall(r"`[0-9a-f]{7}`", section)) <= 1, f"{page.name}: {section.splitlines()[0]}"


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs" / "images").iterdir()}
    assert sizes.keys() == {"centre-appearance.png", "localiser.png", "memory.png", "overlay.png"}
    assert max(sizes.values()) < 300_000


@pytest.mark.slow
def test_the_figure_of_the_localiser_can_be_drawn(tmp_path: Path) -> None:
    figures = load_script("make_figures")
    hands = [draw_phantom_hand(np.random.default_rng(k), sex="F", age_months=60 + 15 * k) for k in range(9)]
    localiser = ForestLocaliser(settings=fast()).fit([h.scan for h in hands[1:]], [h.points for h in hands[1:]])
    figures.draw_stages(localiser, figures.rotate(hands[0].scan, 0.8), tmp_path / "stages.png")
    with Image.open(tmp_path / "stages.png") as picture:
        assert picture.width > 900
        assert len(picture.convert("L").getcolors()) > 100
