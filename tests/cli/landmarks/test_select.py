import shutil

import pytest

FILES = ("selected.txt", "selection.csv", "contact_sheet.png")


def contents(folder):
    return [(folder / name).read_bytes() for name in FILES]


@pytest.mark.parametrize("strategy", ["random", "medoid", "k-centre", "typiclust"])
def test_the_same_hands_are_chosen_with_any_number_of_jobs(boneage, known, tmp_path, strategy):
    ids = []
    for jobs in (1, 2):
        code, out, err = boneage(
            "landmarks", "select", known / "images", "--ages", known / "ages.csv", "--n", 4, "--strategy", strategy,
            "--jobs", jobs, "--out", tmp_path / str(jobs),
        )  # fmt: skip
        assert (code, "4 of 12 hands chosen" in out) == (0, True), err
        ids.append((tmp_path / str(jobs) / "selected.txt").read_text().splitlines())
    assert len(set(ids[0])) == 4
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert str(tmp_path) not in (tmp_path / "1" / "selection.csv").read_text()


def test_by_a_model_and_without_what_is_annotated(boneage, known, new, localiser_file, tmp_path):
    pool = tmp_path / "pool"
    shutil.copytree(new / "images", pool)
    for path in (known / "images").glob("phantom000[4-9].png"):
        shutil.copy(path, pool)
    code, out, err = boneage(
        "landmarks", "select", pool, "--model", localiser_file, "--annotated", known / "landmarks.csv", "--strategy",
        "combined", "--n", 3, "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 1
    assert "no picture is left to choose from" in err
    new_ones = [path.rename(pool / f"new{path.name}") for path in sorted(pool.glob("phantom000[1-3].png"))]
    code, out, err = boneage(
        "landmarks", "select", pool, "--model", localiser_file, "--annotated", known / "landmarks.csv", "--strategy",
        "combined", "--n", 5, "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 0, err
    assert "3 of 3 hands chosen by combined" in out
    assert "5 were asked for" in err
    assert "6 are annotated already" in err
    assert sorted((tmp_path / "out" / "selected.txt").read_text().split()) == [path.stem for path in new_ones]
    header = (tmp_path / "out" / "selection.csv").read_text().splitlines()[0]
    assert header == "id,rank,score,disagreement,spread,implausibility,combined,stratum,why"


def test_a_file_that_cannot_be_read_is_named_and_told_by_the_exit_code(boneage, new, tmp_path):
    pool = tmp_path / "pool"
    shutil.copytree(new / "images", pool)
    (pool / "broken.png").write_bytes(b"no picture")
    code, out, err = boneage("landmarks", "select", pool, "--n", 2, "--out", tmp_path / "out")
    assert code == 3
    assert "2 of 3 hands chosen at random; see" in out
    assert "left out broken: cannot be read" in err


def test_bad_input_is_told_in_a_line(boneage, new, localiser_file, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, err = boneage("landmarks", "select", empty, "--out", tmp_path / "out")
    assert (code, "no image in it" in err) == (1, True)
    code, _, err = boneage("landmarks", "select", new / "images", "--strategy", "pose", "--out", tmp_path / "out")
    assert (code, "goes with --model" in err) == (2, True)
    other = tmp_path / "other.csv"
    other.write_text("id,nose_x,nose_y\nsomebody,1,2\n")
    code, _, err = boneage(
        "landmarks", "select", new / "images", "--model", localiser_file, "--annotated", other, "--strategy", "pose",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert (code, "finds other landmarks" in err) == (1, True)


def test_the_help_says_why_chance_is_the_default(boneage):
    code, out, _ = boneage("landmarks", "select", "--help")
    assert code == 0
    assert "clearly fewer hands than chance" in " ".join(out.split())
