import shutil
import sys

import pytest

from boneage.pipeline.storage import code_version
from boneage.pipeline.storage.code_version import compute_code_version, prepare_versioned_folder


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package ``shapes`` of a module, a table in a sub-folder and compiled files; the only one that counts."""
    folder = tmp_path / "shapes"
    (folder / "tables").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "circle.py").write_text("RADIUS = 1\n")
    (folder / "tables" / "sizes.json").write_text("[1]")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code_version, "COMPUTING_PACKAGES", ("shapes",))
    yield folder
    sys.modules.pop("shapes", None)


def compute_anew():
    return compute_code_version.__wrapped__()


@pytest.mark.parametrize("file", ["circle.py", "tables/sizes.json"])
def test_a_changed_constant_or_table_is_another_version(package, file):
    before = compute_anew()
    assert compute_anew() == before
    content = (package / file).read_text()
    (package / file).write_text(content.replace("1", "2"))
    assert compute_anew() != before
    (package / file).write_text(content)
    assert compute_anew() == before


def test_files_that_compute_nothing_do_not_count(package):
    before = compute_anew()
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "circle.cpython-311.pyc").write_bytes(b"x")
    (package / "hand.boneage").write_bytes(b"x")
    assert compute_anew() == before


def test_the_same_files_at_another_place_are_the_same_version(package, tmp_path_factory, monkeypatch):
    before = compute_anew()
    place = tmp_path_factory.mktemp("installed")
    shutil.copytree(package, place / "shapes")
    sys.modules.pop("shapes")
    monkeypatch.syspath_prepend(place)
    assert compute_anew() == before


def test_the_packages_that_compute_are_all_found_and_others_can_be_added():
    version = compute_code_version()
    assert len(version) == 24
    assert compute_code_version("boneage.evaluation.metrics") != version


def test_each_version_has_a_folder(tmp_path, monkeypatch):
    first = prepare_versioned_folder(tmp_path)
    monkeypatch.setattr(code_version, "compute_code_version", lambda: "other")
    second = prepare_versioned_folder(tmp_path)
    assert first != second == tmp_path / "code-other"
    assert prepare_versioned_folder(tmp_path) == second
    assert {first, second} == set(tmp_path.iterdir())
