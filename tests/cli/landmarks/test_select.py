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


def test_the_default_is_chance_and_with_a_model_what_it_doubts(boneage, new, localiser_file, tmp_path):
    code, out, err = boneage("landmarks", "select", new / "images", "--n", 2, "--out", tmp_path / "first")
    assert (code, "hands chosen at random" in out) == (0, True), err
    code, out, err = boneage(
        "landmarks", "select", new / "images", "--model", localiser_file, "--n", 2, "--out", tmp_path / "next"
    )
    assert (code, "hands chosen by combined" in out) == (0, True), err
    code, out, _ = boneage("landmarks", "select", "--help")
    assert "needed fewer than chance up to twenty hands" in " ".join(out.split())


def test_a_row_that_fits_two_pictures_leaves_both_out(boneage, new, tmp_path):
    for folder, number in (("a", 1), ("b", 2), ("c", 3)):
        (tmp_path / folder).mkdir()
        shutil.copy(
            new / "images" / f"phantom000{number}.png", tmp_path / folder / ("2.png" if number == 3 else "1.png")
        )
    table = tmp_path / "read.csv"
    table.write_text((new / "landmarks.csv").read_text().replace("phantom0001", "1"))
    places = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    code, out, err = boneage("landmarks", "select", *places, "--annotated", table, "--out", tmp_path / "out")
    assert code == 0
    assert "2 images are left out: the row '1'" in " ".join(err.split())
    assert "1 of 1 hands chosen" in out


def test_rows_of_blanks_annotate_nothing(boneage, new, tmp_path):
    head, *rows = (new / "landmarks.csv").read_text().splitlines()
    blank = rows[0].split(",")[0] + "," * head.count(",")
    table = tmp_path / "landmarks.csv"
    table.write_text("\n".join([head, blank, *rows[1:]]) + "\n")
    code, out, err = boneage("landmarks", "select", new / "images", "--annotated", table, "--out", tmp_path / "out")
    assert (code, "2 are annotated already" in err) == (0, True), err
    assert "1 of 1 hands chosen" in out


def test_results_do_not_go_among_the_pictures(boneage, new, tmp_path):
    pool = tmp_path / "pool"
    shutil.copytree(new / "images", pool)
    code, _, err = boneage("landmarks", "select", pool, "--out", pool)
    assert (code, "--out holds pictures to choose from, such as" in " ".join(err.split())) == (2, True)
    assert not (pool / "selected.txt").exists()


def test_a_missing_model_is_told_before_the_pool_is_read(boneage, new, tmp_path):
    code, _, err = boneage(
        "landmarks", "select", new / "images", "--model", tmp_path / "no.boneage", "--out", tmp_path / "out"
    )
    assert (code, "no.boneage" in err) == (1, True)
    assert not (tmp_path / "out").exists()
