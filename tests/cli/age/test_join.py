from boneage.pipeline.pipeline import BoneAgePipeline


def test_join_writes_one_file_that_predict_reads(boneage, hand_model_file, model_file, new, tmp_path):
    model = tmp_path / "folder" / "joined.boneage"
    code, out, err = boneage("age", "join", hand_model_file, model_file, "--model", model)
    assert code == 0, err
    assert out.startswith(f"2 age models joined; {model} (")
    assert list(model.parent.iterdir()) == [model]
    assert [age_model.crop_spec.kind for age_model in BoneAgePipeline.load(model).age_models] == ["hand", "regions"]
    code, out, _ = boneage("predict", new / "images", "--model", model, "--sex", "F", "--out", tmp_path / "out")
    assert code == 0
    assert "3 files: 3 ok" in out
    header = (tmp_path / "out" / "ages.csv").read_text().splitlines()[0]
    assert "weight_hand,weight_radius" in header


def test_half_precision_makes_it_smaller(boneage, hand_model_file, model_file, tmp_path):
    files = tmp_path / "whole.boneage", tmp_path / "half.boneage"
    assert boneage("age", "join", hand_model_file, model_file, "--model", files[0])[0] == 0
    assert boneage("age", "join", hand_model_file, model_file, "--model", files[1], "--half")[0] == 0
    weights = sum(age_model.regressor.n_parameters for age_model in BoneAgePipeline.load(files[0]).age_models)
    assert files[0].stat().st_size - files[1].stat().st_size > 1.5 * weights


def test_what_cannot_be_joined_is_told_and_nothing_written(boneage, model_file, whole_model_file, tmp_path):
    model = tmp_path / "folder" / "joined.boneage"
    code, _, err = boneage("age", "join", model_file, whole_model_file, "--model", model)
    assert code == 1
    assert f"{whole_model_file}: cannot be joined: {whole_model_file} has no localiser" in err
    code, _, err = boneage("age", "join", model_file, "--model", model)
    assert code == 1
    assert "at least two age models can be joined, got 1" in err
    assert not model.parent.exists()
