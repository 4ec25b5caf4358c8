from boneage.pipeline.storage.model_file import load_model


def test_a_model_file_is_told_line_by_line(boneage, calibrated_file):
    code, out, _ = boneage("info", calibrated_file)
    assert code == 0
    lines = dict(line.split(": ", 1) for line in out.splitlines())
    assert lines["sha256"] == load_model(calibrated_file).sha256
    assert lines["intervals"] == "split conformal by sex and predicted age, 418 hands"
    assert "landmarks" in lines


def test_a_file_that_is_no_model_is_told(boneage, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    code, _, err = boneage("info", tmp_path / "notes.txt")
    assert code == 1
    assert "is not a boneage model file" in err
