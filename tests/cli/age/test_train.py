import dataclasses
import tempfile
from contextlib import contextmanager

import pytest

from boneage.pipeline.pipeline import BoneAgePipeline


def test_train_writes_one_file_and_removes_its_state(boneage, known, localiser_file, tmp_path):
    model = tmp_path / "m.boneage"
    code, out, _ = boneage(
        "age", "train", known / "images", "--ages", known / "ages.csv", "--localiser", localiser_file,
        "--model", model, "--epochs", 2, "--no-sex",
    )  # fmt: skip
    assert code == 0
    assert "age model trained on 12 hands" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.boneage", "m.training.csv", "m.training.png"]
    passes = (tmp_path / "m.training.csv").read_text().splitlines()
    assert passes[0] == "pass,side,loss,validation_mad_months"
    assert [line.split(",")[:2] for line in passes[1:]] == [["1", "64"], ["2", "64"]]
    assert not BoneAgePipeline.load(model).only_age_model.regressor.needs_sex


def test_validation_hands_are_not_trained_on_and_measured_after_each_pass(boneage, known, tmp_path):
    (tmp_path / "v.txt").write_text("phantom0001\nphantom0003\n")
    code, out, _ = boneage(
        "age", "train", known / "images", "--ages", known / "ages.csv", "--cut", "whole", "--side", 32,
        "--validation-ids", tmp_path / "v.txt", "--model", tmp_path / "m.boneage", "--epochs", 2,
    )  # fmt: skip
    assert code == 0
    assert "age model trained on 10 hands" in out
    summary = BoneAgePipeline.load(tmp_path / "m.boneage").summary["age"]
    assert summary["validation_ids"] == ["phantom0001", "phantom0003"]
    assert not set(summary["ids"]) & set(summary["validation_ids"])
    errors = [line.split(",")[3] for line in (tmp_path / "m.training.csv").read_text().splitlines()[1:]]
    assert all(0 < float(error) < 200 for error in errors)


@contextmanager
def interrupting_stages(_console):
    """A progress display that interrupts the age model's training after six of eight epochs."""

    def stop(stage, part):
        if stage == "age model" and part > 0.7:
            raise KeyboardInterrupt

    yield stop


def test_an_interrupted_training_resumes(boneage, known, localiser_file, tmp_path, monkeypatch):
    model, state = tmp_path / "m.boneage", tmp_path / ".m.boneage.training"
    arguments = (
        "age", "train", known / "images", "--ages", known / "ages.csv", "--localiser", localiser_file,
        "--model", model, "--epochs", 8,
    )  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr("boneage.cli.progress.show_stages", interrupting_stages)
        assert boneage(*arguments)[0] != 0
    assert len(list(state.glob("code-*/*.ckpt"))) == 1
    assert len(list((state / "hands").iterdir())) == 2 * 12
    assert not model.exists()
    assert boneage(*arguments)[0] == 0
    assert not state.exists()
    resumed = BoneAgePipeline.load(model).only_age_model.regressor.to_state()[1]
    assert boneage(*arguments)[0] == 0
    straight = BoneAgePipeline.load(model).only_age_model.regressor.to_state()[1]
    for name, array in resumed.items():
        assert straight[name] == pytest.approx(array, abs=1e-3), name


def test_an_age_model_needs_a_localiser_or_landmarks(boneage, known, tmp_path):
    code, _, err = boneage(
        "age", "train", known / "images", "--ages", known / "ages.csv", "--model", tmp_path / "m.boneage"
    )
    assert code == 1
    assert "--localiser" in err


def test_the_whole_image_needs_no_localiser_and_is_read_by_predict(boneage, known, new, tmp_path):
    code, _, _ = boneage(
        "age", "train", known / "images", "--ages", known / "ages.csv", "--cut", "whole", "--side", 32, "--epochs", 1,
        "--model", tmp_path / "m.boneage", "--recipe", "seed",
    )  # fmt: skip
    assert code == 0
    code, out, _err = boneage(
        "predict", new / "images", "--model", tmp_path / "m.boneage", "--sex", "F", "--out", tmp_path / "out"
    )
    assert code == 0
    assert "3 files: 0 ok, 3 flagged, 0 refused" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [(("--network", "alexnet"), "'alexnet' is not one of"), (("--ages", "ages.csv"), "no image has")],
)
def test_wrong_options_are_one_line(boneage, known, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\nstranger,90,F\n")
    ages = () if "--ages" in options else ("--ages", known / "ages.csv")
    code, _, err = boneage("age", "train", known / "images", *ages, "--cut", "whole", "--model", "m.boneage", *options)
    assert code == 1
    assert message in err
    assert not (tmp_path / "m.boneage").exists()


def test_crops_are_stored_for_other_runs_in_the_folder_given(boneage, known, tmp_path):
    stored = tmp_path / "hands"
    arguments = (known / "images", "--ages", known / "ages.csv", "--hands", stored, "--epochs", 1)
    code, _, _ = boneage("age", "train", *arguments, "--cut", "whole", "--model", tmp_path / "m.boneage")
    assert code == 0
    times = {path.name: path.stat().st_mtime_ns for path in stored.iterdir()}
    assert len(times) == 12
    code, _, _ = boneage("age", "benchmark", *arguments, "--compare", "whole", "--folds", 2, "--out", tmp_path / "out")
    assert code == 0
    assert {path.name: path.stat().st_mtime_ns for path in stored.iterdir()} == times
    assert not (tmp_path / "out" / "hands").exists()


def test_a_training_starts_from_a_model_and_its_summary_names_the_hands_of_both(boneage, known, tmp_path):
    from boneage.pipeline.pipeline import BoneAgePipeline

    base = (known / "images", "--ages", known / "ages.csv", "--cut", "whole", "--side", 32, "--epochs", 1)
    first, second = tmp_path / "first.boneage", tmp_path / "second.boneage"
    assert boneage("age", "train", *base, "--model", first, "--precision", "bfloat16")[0] == 0
    assert boneage("age", "train", *base, "--model", second, "--start", first)[0] == 0
    one, other = BoneAgePipeline.load(first), BoneAgePipeline.load(second)
    recipe, gentle = (model.only_age_model.regressor.settings.recipe for model in (one, other))
    assert recipe.precision == "bfloat16"
    assert gentle.learning_rate == recipe.learning_rate / 5
    assert other.summary["age"]["started_from"] == {"model": one.name, **one.summary["age"]}
    arguments = (known / "images", "--ages", known / "ages.csv", "--side", 32, "--epochs", 1, "--compare", "whole")
    code, _, err = boneage("age", "benchmark", *arguments, "--folds", 2, "--out", tmp_path / "out", "--start", second)
    assert code == 0
    assert "was trained on hands of the same ids as 12 of these: phantom0001," in err
    code, _, err = boneage("age", "benchmark", *arguments, "--folds", 2, "--out", tmp_path / "out")
    assert code == 1, "rounds that started from another model are other rounds"
    assert "another benchmark" in err
    code, _, err = boneage("age", "train", *base[:5], "--side", 40, "--model", tmp_path / "x.boneage", "--start", first)
    assert code == 1
    assert "the model to start from has another side of the regions: 32, not 40" in err
    both = dataclasses.replace(one, age_models=(*one.age_models, *other.age_models))
    both.save(tmp_path / "both.boneage")
    code, _, err = boneage(
        "age", "train", *base, "--model", tmp_path / "x.boneage", "--start", tmp_path / "both.boneage"
    )
    assert code == 1
    assert "joins 2 age models, and a single one is needed" in err
    assert not list(tmp_path.glob("*.training")), "refused before anything is prepared"


def test_a_model_of_volumes_is_trained_by_the_same_command(boneage, phantom_volumes, tmp_path):
    model = tmp_path / "m.boneage"
    arguments = (
        "age",
        "train",
        phantom_volumes / "images",
        "--ages",
        phantom_volumes / "ages.csv",
        "--cut",
        "whole",
        "--side",
        16,
    )
    code, out, err = boneage(*arguments, "--model", model, "--epochs", 1)
    assert code == 0, err
    assert "age model trained on 6 hands" in out
    assert BoneAgePipeline.load(model).only_age_model.crop_spec.ndim == 3
    code, _, err = boneage(*arguments, "--model", model, "--network", "bonet")
    assert code == 1
    assert "only multiregion reads volumes" in err


def test_a_model_that_cannot_be_written_is_told_before_and_its_training_kept(boneage, known, tmp_path, monkeypatch):
    arguments = ("age", "train", known / "images", "--ages", known / "ages.csv", "--cut", "whole", "--side", 32)
    arguments = (*arguments, "--epochs", 1, "--recipe", "seed", "--model")
    (tmp_path / "folder").mkdir()
    code, _, err = boneage(*arguments, tmp_path / "folder")
    assert (code, "folder: is needed as a file, but there is a folder in its place" in err) == (1, True)
    model, state = tmp_path / "m.boneage", tmp_path / ".m.boneage.training"
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "folder"))
        patch.setattr("pathlib.Path.replace", lambda path, target: path.rename(path / "below") if target == model else
                      path.rename(target))  # fmt: skip
        code, _, err = boneage(*arguments, model)
    assert (code, "m.boneage: cannot be written" in err) == (1, True)
    (kept,) = (tmp_path / "folder").iterdir()
    assert f"it is in {kept} instead" in err
    assert len(list(state.rglob("*.ckpt"))) == 1, "the training is not lost"
    assert boneage(*arguments, model)[0] == 0
    assert not state.exists()
    assert model.read_bytes() == kept.read_bytes()
