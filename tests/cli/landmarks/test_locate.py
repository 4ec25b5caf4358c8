import json

from PIL import Image


def test_train_locate_and_report(boneage, known, new, tmp_path):
    (tmp_path / "ids.txt").write_text("".join(f"phantom000{k}\n" for k in range(1, 9)))
    model = tmp_path / "deep" / "m.boneage"
    code, out, err = boneage(
        "landmarks", "train", known / "images", "--landmarks", known / "landmarks.csv", "--model", model,
        "--preset", "fast", "--ids", tmp_path / "ids.txt",
    )  # fmt: skip
    assert code == 0
    assert "37 landmarks learnt from 8 images" in out
    assert "local stage 1" in err
    code, out, _ = boneage(
        "landmarks", "locate", new / "images", "--model", model, "--out", tmp_path / "out", "--votes"
    )
    assert code == 0
    assert len(list((tmp_path / "out" / "votes").glob("*.npz"))) == 3
    assert "3 files: 3 ok" in out
    code, out, _ = boneage(
        "landmarks", "report", "--predicted", tmp_path / "out" / "landmarks.csv", "--truth", new / "landmarks.csv",
        "--out", tmp_path / "report", "--reference", "ulna_styloid_tip:radius_styloid_tip=50mm",
        "--ages", new / "ages.csv", "--images", new / "images", "--model", model,
    )  # fmt: skip
    assert code == 0
    assert "all of them phantoms" in out
    assert "found with a score" in out
    page = (tmp_path / "report" / "landmark_report.html").read_text()
    assert page.count("<img") == 9
    assert "bone: carpals" in page
    summary = json.loads((tmp_path / "report" / "landmark_summary.json").read_text())
    assert summary["overall"]["median"] < 1.5
    assert summary["overall"]["n"] == 3 * 37


def test_a_bad_file_is_a_refusal_and_the_sizes_of_resized_copies_are_heeded(boneage, new, localiser_file, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.png").touch()
    with Image.open(new / "images" / "phantom0001.png") as image:
        width, height = image.size
        image.resize((width, height // 2), Image.Resampling.BOX).save(tmp_path / "in" / "phantom0001.png")
    code, out, err = boneage(
        "landmarks", "locate", tmp_path / "in", "--model", localiser_file, "--out", tmp_path / "out",
        "--sizes", new / "landmarks.csv",
    )  # fmt: skip
    assert code == 3
    assert "1 ok, 0 flagged, 1 refused" in out
    assert "empty.png: is empty" in err
    code, out, _ = boneage(
        "landmarks", "report", "--predicted", tmp_path / "out" / "landmarks.csv", "--truth", new / "landmarks.csv",
        "--out", tmp_path / "report",
    )  # fmt: skip
    assert code == 0
    assert json.loads((tmp_path / "report" / "landmark_summary.json").read_text())["overall"]["median"] < 6


def test_files_of_the_other_modality_are_refusals(boneage, volumes, new, localiser_file, tmp_path):
    code, out, err = boneage(
        "landmarks", "locate", volumes / "images", new / "images", "--model", localiser_file, "--out", tmp_path
    )
    assert code == 3
    assert "11 files: 3 ok, 0 flagged, 8 refused" in out
    assert "volume1.nii.gz: is a volume (MR); the model reads radiographs" in err
