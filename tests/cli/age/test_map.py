def test_files_and_folders_in_and_maps_out(boneage, new, hand_model_file, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    code, out, err = boneage(
        "age", "map", new / "images", tmp_path / "notes.txt", "--model", hand_model_file, "--sex", "F",
        "--out", tmp_path / "out", "--side", 64,
    )  # fmt: skip
    assert code == 3
    assert "4 files: 3 ok, 0 flagged, 1 refused" in out
    assert "notes.txt: is not an image" in err
    names = {path.name for path in (tmp_path / "out" / "maps").iterdir()}
    assert names == {f"phantom000{k}.{suffix}" for k in (1, 2, 3) for suffix in ("csv", "png")}


def test_a_model_without_maps_is_refused(boneage, new, model_file, tmp_path):
    code, _, err = boneage("age", "map", new / "images", "--model", model_file, "--sex", "F", "--out", tmp_path / "out")
    assert code == 1
    assert "a map of ages needs a model that reads the hand as one picture, but this one reads 17 regions" in err
    assert not (tmp_path / "out").exists()
