import tempfile


def test_a_localiser_that_cannot_be_written_is_told_before_or_kept_elsewhere(boneage, known, tmp_path, monkeypatch):
    arguments = ("landmarks", "train", known / "images", "--landmarks", known / "landmarks.csv", "--preset", "fast")
    (tmp_path / "folder").mkdir()
    code, _, err = boneage(*arguments, "--model", tmp_path / "folder")
    assert (code, "folder: is needed as a file, but there is a folder in its place" in err) == (1, True)
    model = tmp_path / "m.boneage"

    def replace(path, target):
        if target == model:
            raise OSError(28, "No space left on device")
        return path.rename(target)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "folder"))
    monkeypatch.setattr("pathlib.Path.replace", replace)
    code, _, err = boneage(*arguments, "--model", model)
    assert (code, "m.boneage: cannot be written" in err) == (1, True)
    (kept,) = (tmp_path / "folder").iterdir()
    assert f"it is in {kept} instead" in err
    monkeypatch.undo()
    code, _, err = boneage("landmarks", "locate", known / "images", "--model", kept, "--out", tmp_path / "out")
    assert code in (0, 3), err
    assert (tmp_path / "out" / "landmarks.csv").is_file()
