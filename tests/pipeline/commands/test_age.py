import json
from contextlib import contextmanager

import pytest

from boneage.pipeline.bone_age import BoneAgePipeline


def test_train_writes_one_file_and_leaves_nothing_else(boneage, known, localiser_file, tmp_path):
    model = tmp_path / "m.boneage"
    code, out, _ = boneage(
        "age", "train", known / "images", "--ages", known / "ages.csv", "--localiser", localiser_file,
        "--model", model, "--epochs", 2, "--no-sex",
    )  # fmt: skip
    assert code == 0
    assert "age model trained on 12 hands" in out
    assert list(tmp_path.iterdir()) == [model]
    assert not BoneAgePipeline.load(model).regressor.needs_sex


@contextmanager
def interrupting_stages(_console):
    """A progress display that interrupts the age model's training after six of eight epochs."""

    def stop(stage, part):
        if stage == "age model" and part > 0.7:
            raise KeyboardInterrupt

    yield stop


def test_an_interrupted_training_goes_on_where_it_stopped(boneage, known, localiser_file, tmp_path, monkeypatch):
    model, state = tmp_path / "m.boneage", tmp_path / ".m.boneage.training"
    arguments = (
        "age", "train", known / "images", "--ages", known / "ages.csv", "--localiser", localiser_file,
        "--model", model, "--epochs", 8,
    )  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr("boneage.pipeline.progress.show_stages", interrupting_stages)
        assert boneage(*arguments)[0] != 0
    assert len(list(state.iterdir())) == 1
    assert not model.exists()
    assert boneage(*arguments)[0] == 0
    assert not state.exists()
    resumed = BoneAgePipeline.load(model).regressor.to_state()[1]
    assert boneage(*arguments)[0] == 0
    straight = BoneAgePipeline.load(model).regressor.to_state()[1]
    for name, array in resumed.items():
        assert straight[name] == pytest.approx(array, abs=1e-3), name


def test_benchmark_beside_the_baseline(boneage, known, localiser_file, tmp_path):
    code, out, _ = boneage(
        "age", "benchmark", known / "images", "--ages", known / "ages.csv", "--localiser", localiser_file,
        "--out", tmp_path, "--folds", 3, "--epochs", 1,
    )  # fmt: skip
    assert code == 0
    assert "3-fold cross-validation" in out
    assert "constant by sex" in out
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["n_hands"] == summary["n_phantoms"] == 12
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 13


def test_an_age_model_needs_points_from_somewhere(boneage, known, tmp_path):
    code, _, err = boneage(
        "age", "train", known / "images", "--ages", known / "ages.csv", "--model", tmp_path / "m.boneage"
    )
    assert code == 1
    assert "--localiser" in err
