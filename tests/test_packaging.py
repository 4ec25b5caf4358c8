"""The house: what setup.cfg says, what the folders hold, what importing costs."""

import configparser
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

FOLDERS = ("imaging", "landmarks", "regression", "evaluation", "pipeline", "cli")


@pytest.fixture(scope="module")
def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_the_package_list_is_the_list_of_packages(setup):
    listed = set(setup["options"]["packages"].split())
    there = {
        ".".join(["boneage", *path.parent.relative_to(ROOT).parts])
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert listed == there
    assert not (ROOT / "boneage").exists()


def test_everything_installed_directly_is_pinned(setup):
    extras = setup["options.extras_require"]
    wanted = setup["options"]["install_requires"].split() + extras["dev"].split() + extras["pretrained"].split()
    pinned = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().split() if "==" in line}
    assert {re.split("[<>=]", name)[0].lower() for name in wanted} <= pinned


def test_tests_have_the_pretrained_weights_and_the_wheel_their_licence(setup):
    extras = setup["options.extras_require"]
    assert set(extras["pretrained"].split()) <= set(extras["dev"].split())
    for name in setup["metadata"]["license_files"].split():
        assert (ROOT / name).is_file()
    text = (ROOT / "THIRD_PARTY.md").read_text()
    assert all(name in text for name in extras["pretrained"].split())


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_bare_import_is_refused(folder):
    # From the root of the repository a bare name would find the folder and make a second copy of every class.
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {folder}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode != 0
    assert f"import boneage.{folder}" in done.stderr


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_the_command_answers_without_the_heavy_imports(argument):
    code = (
        "import sys; from boneage.cli.app import app\n"
        f"try: app([{argument!r}])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numba', 'lightning', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
