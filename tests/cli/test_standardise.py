import csv

from PIL import Image


def test_a_folder_is_standardised_and_a_bad_file_is_a_refusal(boneage, new, tmp_path):
    (tmp_path / "empty.png").touch()
    code, out, err = boneage("standardise", new / "images", tmp_path, "--out", tmp_path / "out")
    assert code == 3
    assert "4 files: 3 ok, 0 flagged, 1 refused" in out
    assert "empty.png: is empty" in err
    assert (tmp_path / "out" / "contact_sheet.png").is_file()
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 3


def test_sizes_of_resized_copies_are_heeded(boneage, new, tmp_path):
    (tmp_path / "in").mkdir()
    with Image.open(new / "images" / "phantom0001.png") as image:
        width, height = image.size
        image.resize((width, height // 2), Image.Resampling.BOX).save(tmp_path / "in" / "phantom0001.png")
    code, _, _ = boneage(
        "standardise", tmp_path / "in", "--out", tmp_path / "out", "--sizes", new / "landmarks.csv"
    )  # fmt: skip
    assert code == 0
    with (tmp_path / "out" / "standardised.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    assert float(row["original_y_from_y"]) == 2.0


def test_the_same_command_again_has_the_same_result(boneage, new, tmp_path):
    for name in ("first", "second"):
        boneage("standardise", new / "images", "--out", tmp_path / name)
    for file in ("standardised.csv", "contact_sheet.png", "pictures/phantom0002.png"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
