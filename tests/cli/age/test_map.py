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


def test_the_regions_of_a_hand_are_mapped(boneage, new, model_file, tmp_path):
    code, out, err = boneage("age", "map", new / "images", "--model", model_file, "--sex", "F", "--out", tmp_path)
    assert code == 0, err
    assert "3 files: 3 ok" in out
    assert (tmp_path / "maps" / "phantom0001.png").is_file()


def test_a_side_is_not_for_regions(boneage, new, model_file, tmp_path):
    out = tmp_path / "out"
    code, _, err = boneage(
        "age", "map", new / "images", "--model", model_file, "--sex", "F", "--side", "64", "--out", out
    )
    assert code == 1
    assert "the side is that of a hand as one picture, but the model reads regions" in err
    assert not out.exists()
