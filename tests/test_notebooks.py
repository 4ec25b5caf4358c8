"""Run every notebook from the start, as its reader would; keep them free of outputs and of code of their own."""

import ast

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_of(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert [path.name for path in NOTEBOOKS] == [
        "01-first-hands.ipynb",
        "02-train-a-localiser.ipynb",
        "03-train-an-age-model.ipynb",
        "04-read-the-errors.ipynb",
        "05-which-hand-next.ipynb",
        "06-ossification-centres.ipynb",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_holds_no_output_and_defines_nothing(path):
    for cell in code_of(path):
        assert cell.outputs == []
        assert cell.execution_count is None
        defined = (ast.FunctionDef, ast.ClassDef, ast.Lambda)
        assert not any(isinstance(node, defined) for node in ast.walk(ast.parse(cell.source)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_shows_something(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in shown if {"image/png", "image/svg+xml"} & set(output.get("data", {}))]
    assert len(pictures) >= 4
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in shown)
