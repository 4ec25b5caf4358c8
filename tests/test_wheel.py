"""A wheel, installed into an empty environment outside the repository, as its user would have it."""

import csv
import os
import shutil
import subprocess
import sys

import pytest

from boneage.imaging.phantoms import write_phantom_set
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def run(*arguments, folder):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run([str(a) for a in arguments], cwd=folder, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The folder of an environment that holds the wheel and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns(".*", "build", "*.egg-info", "demo", "out", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignored)  # a build leaves its traces beside the sources
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    run(sys.executable, *pip, "wheel", "--no-deps", "--no-build-isolation", source, "-w", folder, folder=folder)
    (wheel,) = folder.glob("boneage-*.whl")
    run(sys.executable, "-m", "venv", folder / "env", folder=folder)
    run(folder / "env/bin/python", *pip, "install", "-c", ROOT / "constraints.txt", wheel, folder=folder)
    yield folder
    shutil.rmtree(folder)  # two gigabytes


def test_an_installed_wheel_reads_a_folder_with_the_model_inside_it(environment, tmp_path):
    write_phantom_set(tmp_path, 2, seed=1)
    command = environment / "env/bin/boneage"
    assert run(command, "--version", folder=tmp_path).startswith("boneage ")
    results = tmp_path / "results"
    done = subprocess.run([command, "predict", "images", "--sex", "F", "--out", results], cwd=tmp_path)
    assert done.returncode in (0, 1, 3)  # phantoms may be refused: they are drawings
    with (results / "ages.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["phantom0001", "phantom0002"]
    assert all(row["model"].startswith("hand.boneage ") for row in rows)
    where = run(
        environment / "env/bin/python", "-c", "import boneage.pipeline as p; print(p.__file__)", folder=tmp_path
    )
    assert str(environment) in where
