"""The command line as its user meets it: what goes right, and each thing that can be wrong with the input."""

import os
import shutil
import subprocess
import sys

import pytest

from boneage.pipeline.storage.model_file import FORMAT, load_model, save_model


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_help_and_version_answer_at_once_because_nothing_heavy_is_imported():
    said = run_python(
        "import sys; sys.argv = ['boneage', '--version']\n"
        "from boneage.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'torch', 'cv2', 'sklearn', 'numba', 'numpy'} & set(sys.modules)))"
    )
    assert said.splitlines()[0].startswith("boneage 0.")
    assert said.splitlines()[1] == "[]"


def test_help_lists_the_commands(boneage):
    code, out, _ = boneage("--help")
    assert code == 0
    for command in ("demo", "phantom", "split", "predict", "landmarks", "age"):
        assert command in out


@pytest.mark.parametrize(
    "arguments", [("predict",), ("nonsense",), ("age", "train", "x"), ("phantom", "x", "--count", "0")]
)
def test_wrong_usage_leaves_with_2(boneage, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    code, _, err = boneage(*arguments)
    assert code == 2
    assert "Usage" in err
    assert list(tmp_path.iterdir()) == []


def test_an_empty_or_absent_folder_is_named_with_what_was_looked_for(boneage, model_file, localiser_file, tmp_path):
    (tmp_path / "empty").mkdir()
    for command in (
        ("predict", tmp_path / "empty", "--model", model_file, "--out", tmp_path / "out", "--sex", "F"),
        ("landmarks", "locate", tmp_path / "empty", "--model", localiser_file, "--out", tmp_path / "out"),
    ):
        code, _, err = boneage(*command)
        assert code == 1
        assert f"{tmp_path / 'empty'}: no image in it (looked for PNG, JPEG, TIFF, BMP, DICOM, NIfTI, MetaImage" in err
    code, _, err = boneage("predict", tmp_path / "none", "--model", model_file, "--out", tmp_path / "out", "--sex", "F")
    assert code == 1
    assert f"{tmp_path / 'none'}: there is no such folder" in err
    assert not (tmp_path / "out").exists()


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def make_newer(path):
    model = load_model(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boneage.pipeline.storage.model_file.FORMAT", FORMAT + 1)
        save_model(path, model)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (truncate, "cut short"),
        (flip_a_byte, "damaged"),
        (make_newer, "update"),
        (lambda path: path.write_text("hello"), "is not a boneage model file"),
        (lambda path: path.unlink(), "there is no such file"),
    ],
    ids=["truncated", "one byte changed", "newer format", "not a model", "absent"],
)
def test_a_bad_model_file_is_named_before_any_work(boneage, new, model_file, tmp_path, harm, said):
    model = tmp_path / "m.boneage"
    shutil.copy(model_file, model)
    harm(model)
    code, _, err = boneage("predict", new / "images", "--model", model, "--out", tmp_path / "out", "--sex", "F")
    assert code == 1
    assert f"boneage: {model}: " in err
    assert said in err
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in err


def test_an_output_folder_that_cannot_be_written_is_named(boneage, new, model_file, tmp_path):
    (tmp_path / "taken").write_text("")
    for out in (tmp_path / "taken", tmp_path / "taken" / "below"):
        code, _, err = boneage("predict", new / "images", "--model", model_file, "--out", out, "--sex", "F")
        assert code == 1
        assert "is needed as an output folder" in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_folder_is_named(boneage, new, model_file, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    code, _, err = boneage("predict", new / "images", "--model", model_file, "--out", tmp_path / "locked", "--sex", "F")
    assert code == 1
    assert "locked" in err


LANDMARK_FAULTS = {
    "NaN": (lambda lines: [lines[0], ",".join(["phantom0001", "nan", "5"]), *lines[2:]], "phantom0001"),
    "outside": (lambda lines: [lines[0], "phantom0001,700,5000", *lines[2:]], "outside the image"),
    "duplicate": (lambda lines: [*lines, lines[1]], "'phantom0001'"),
    "lacking": (lambda lines: ["id,a_x", *(line.rsplit(",", 1)[0] for line in lines[1:])], "a_y"),
    "no id": (lambda lines: ["name,a_x,a_y", *lines[1:]], "id"),
    "no number": (lambda lines: [lines[0], "phantom0001,ten,5", *lines[2:]], "'ten'"),
    "empty": (lambda lines: [], "empty"),
}


@pytest.mark.parametrize("fault", LANDMARK_FAULTS)
def test_a_faulty_landmark_table_is_named_with_the_place(boneage, new, tmp_path, fault):
    change, said = LANDMARK_FAULTS[fault]
    table = tmp_path / "points.csv"
    lines = ["id,a_x,a_y", *(f"phantom000{k},{100 * k},{90 * k}" for k in (1, 2, 3))]
    table.write_text("\n".join(change(lines)) + "\n")
    code, _, err = boneage(
        "landmarks", "train", new / "images", "--landmarks", table, "--model", tmp_path / "m.boneage"
    )
    assert code == 1
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "m.boneage").exists()


AGE_FAULTS = {
    "duplicate": ("id,boneage_months,sex\nphantom0001,90,F\nphantom0001,91,F\n", "'phantom0001'"),
    "lacking": ("id,sex\nphantom0001,F\n", "boneage"),
    "NaN": ("id,boneage_months,sex\nphantom0001,nan,F\n", "phantom0001"),
    "negative": ("id,boneage_months,sex\nphantom0001,-5,F\n", "phantom0001"),
}


@pytest.mark.parametrize("fault", AGE_FAULTS)
def test_a_faulty_age_table_is_named_with_the_place(boneage, new, localiser_file, tmp_path, fault):
    content, said = AGE_FAULTS[fault]
    (tmp_path / "ages.csv").write_text(content)
    code, _, err = boneage(
        "age", "train", new / "images", "--ages", tmp_path / "ages.csv", "--localiser", localiser_file,
        "--model", tmp_path / "m.boneage",
    )  # fmt: skip
    assert code == 1
    assert f"{tmp_path / 'ages.csv'}: " in err
    assert said in err
    assert not (tmp_path / "m.boneage").exists()


def test_names_that_differ_between_model_and_table_are_told(boneage, known, new, localiser_file, tmp_path):
    """A localiser of other landmarks cannot serve an age model cut around 37 named ones; nor can a table judge it."""
    table = tmp_path / "points.csv"
    table.write_text("id,a_x,a_y,b_x,b_y\n" + "".join(f"phantom000{k},{99 * k},90,300,{99 * k}\n" for k in (1, 2, 3)))
    model = tmp_path / "ab.boneage"
    code, out, _ = boneage(
        "landmarks", "train", new / "images", "--landmarks", table, "--model", model, "--preset", "fast"
    )
    assert code == 0
    assert "2 landmarks learnt from 3 images" in out
    code, _, err = boneage(
        "age", "train", known / "images", "--ages", known / "ages.csv", "--localiser", model,
        "--model", tmp_path / "m.boneage",
    )  # fmt: skip
    assert code == 1
    assert "17 of 17 regions" in err
    code, _, err = boneage("landmarks", "report", "--predicted", table, "--truth", new / "landmarks.csv")
    assert code == 1
    assert "landmark" in err


def test_with_debugging_on_the_error_keeps_its_trace(boneage, tmp_path, monkeypatch):
    from boneage.imaging import NoScans

    monkeypatch.setenv("BONEAGE_DEBUG", "1")
    with pytest.raises(NoScans):
        boneage("predict", tmp_path, "--model", "m", "--out", tmp_path / "o", "--sex", "F")
