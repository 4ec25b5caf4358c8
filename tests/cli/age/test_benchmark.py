import json

import pytest


def read_summary(folder):
    return json.loads((folder / "summary.json").read_text())


def test_variants_are_compared_in_folds_and_not_measured_again(boneage, known, localiser_file, tmp_path):
    arguments = (
        "age", "benchmark", known / "images", "--ages", known / "ages.csv", "--localiser", localiser_file,
        "--compare", "constant,geometry,hog-ridge,whole,hand:equal", "--side", 32, "--folds", 2, "--epochs", 1,
        "--out", tmp_path,
    )  # fmt: skip
    code, out, _ = boneage(*arguments)
    assert code == 0
    assert "2-fold cross-validation: 12 hands" in out
    summary = read_summary(tmp_path)
    assert summary["n_hands"] == summary["n_phantoms"] == 12
    assert list(summary["variants"]) == ["constant", "geometry", "hog-ridge", "whole", "hand:equal"]
    assert "age benchmark" in summary["run"]["command"]
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 1 + 5 * 12
    assert len(list((tmp_path / "rounds").glob("*.json"))) == 10
    code, again, _ = boneage(*arguments)
    assert code == 0
    assert again == out, "the times too are the stored ones"


def test_a_given_split_is_tested_on_its_test_hands_alone(boneage, known, tmp_path):
    ids = [f"phantom{k:04d}" for k in range(1, 13)]
    for name, part in (("train", ids[:6]), ("validation", ids[6:8]), ("test", ids[8:10])):
        (tmp_path / f"{name}.txt").write_text("\n".join(part))
    code, out, _ = boneage(
        "age", "benchmark", known / "images", "--ages", known / "ages.csv", "--compare", "constant",
        "--train-ids", tmp_path / "train.txt", "--test-ids", tmp_path / "test.txt",
        "--validation-ids", tmp_path / "validation.txt", "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 0
    assert "trained on 6 hands, tested on 2 others" in out
    rows = (tmp_path / "out" / "predictions.csv").read_text().splitlines()[1:]
    assert [tuple(row.split(",")[2:4]) for row in rows] == [
        *(("test", id_) for id_ in ids[8:10]),
        *(("validation", id_) for id_ in ids[6:8]),
    ]


@pytest.mark.parametrize("options", [("--train-ids", "a.txt"), ("--validation-ids", "a.txt")])
def test_half_a_split_is_a_wrong_usage(boneage, known, tmp_path, options):
    code, _, err = boneage(
        "age", "benchmark", known / "images", "--ages", known / "ages.csv", "--out", tmp_path, *options
    )
    assert code == 2
    assert "--train-ids and --test-ids" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--compare", "best"), "variants to compare are"),
        (("--compare", "regions"), "regions needs landmarks: give --localiser"),
        (("--compare", "constant", "--folds", "13"), "13 folds need at least 13 images, there are 12"),
        (("--compare", "whole", "--network", "alexnet"), "'alexnet' is not one of"),
    ],
)
def test_wrong_options_are_one_line(boneage, known, tmp_path, options, message):
    code, _, err = boneage(
        "age", "benchmark", known / "images", "--ages", known / "ages.csv", "--out", tmp_path / "out", *options
    )
    assert code == 1
    assert message in err
    assert "Traceback" not in err


def test_geometry_alone_needs_two_tables_and_no_image(boneage, known, tmp_path):
    code, out, _ = boneage(
        "age", "geometry", "--landmarks", known / "landmarks.csv", "--ages", known / "ages.csv", "--folds", 3,
        "--with-size", "--out", tmp_path,
    )  # fmt: skip
    assert code == 0
    assert list(read_summary(tmp_path)["variants"]) == ["constant", "geometry", "geometry and size"]
    assert (tmp_path / "report.html").is_file()
    assert "12 hands" in out


def test_tables_of_different_hands_are_refused(boneage, known, tmp_path):
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\nstranger,90,F\n")
    code, _, err = boneage(
        "age", "geometry", "--landmarks", known / "landmarks.csv", "--ages", tmp_path / "ages.csv", "--out", tmp_path
    )
    assert code == 1
    assert "none of its ids has a known age" in err


def test_volumes_are_compared_as_cubes_and_as_pictures(boneage, phantom_volumes, tmp_path):
    code, out, err = boneage(
        "age", "benchmark", phantom_volumes / "images", "--ages", phantom_volumes / "ages.csv",
        "--landmarks", phantom_volumes / "landmarks.csv", "--compare",
        "constant,geometry,regions:fixed,regions-slice,regions-projection", "--side", 16, "--folds", 2, "--epochs", 1,
        "--out", tmp_path,
    )  # fmt: skip
    assert code == 0, err
    summary = read_summary(tmp_path)
    assert summary["n_hands"] == summary["n_phantoms"] == 6
    networks = ("regions:fixed", "regions-slice", "regions-projection")
    assert list(summary["variants"]) == ["constant", "geometry", *networks]
    assert "phantom" in out
