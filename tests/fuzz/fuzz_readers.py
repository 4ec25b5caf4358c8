"""Damaged files of every kind, read: no crash, no hang, bounded memory, nothing done but reading (``make fuzz``).

FUZZ_EXAMPLES is the number of damaged files of each kind (150 if not given).
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.model_file import load_model
from tests.fuzz.damage import apply_damage, damages
from tests.fuzz.guard import read_guarded
from tests.fuzz.seeds import READERS, make_seeds

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "150"))
fuzzed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="session")
def seeds(folder):
    (folder / "seeds").mkdir()
    return make_seeds(folder / "seeds")


def names():
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        return list(make_seeds(Path(folder)))


@pytest.mark.parametrize("name", names())
def test_damaged_files_are_read_or_refused(seeds, folder, name):
    reader, content = seeds[name]
    path = folder / name.split()[-1]
    path.write_bytes(content)
    assert read_guarded(READERS[reader], path), "the sound file is read"

    @fuzzed
    @given(damages)
    def read_damaged(damage):
        path.write_bytes(apply_damage(content, damage))
        read_guarded(READERS[reader], path)

    read_damaged()


@pytest.mark.parametrize("reader", READERS)
def test_any_bytes_are_read_or_refused(folder, reader):
    @fuzzed
    @given(st.binary(max_size=2000) | st.text(max_size=500).map(lambda text: text.encode("utf-8", "replace")))
    def read_any(content):
        (folder / "any").write_bytes(content)
        read_guarded(READERS[reader], folder / "any")

    read_any()


def sign(content):
    """Return a model file's bytes with the digest that fits them."""
    body = content[:-64]
    return body + hashlib.sha256(body).hexdigest().encode()


def replace_header(content, change):
    """Return a model file whose model.json is changed, signed as a sound one."""
    new = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in old.namelist():
            archive.writestr(name, change(old.read(name)) if name == "model.json" else old.read(name))
        archive.comment = old.comment
    return sign(new.getvalue())


@pytest.mark.parametrize("load", [load_model, BoneAgePipeline.load])
@pytest.mark.parametrize("where", ["file", "signed file", "header"])
def test_damaged_models_are_loaded_or_refused(whole_model_file, folder, load, where):
    content = whole_model_file.read_bytes()
    path = folder / "model.boneage"
    path.write_bytes(content)
    assert read_guarded(load, path)

    @fuzzed
    @given(damages)
    def load_damaged(damage):
        if where == "header":
            path.write_bytes(replace_header(content, lambda header: apply_damage(header, damage)))
        else:
            damaged = apply_damage(content, damage)
            path.write_bytes(sign(damaged) if where == "signed file" else damaged)
        read_guarded(load, path)

    load_damaged()
