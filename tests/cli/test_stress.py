import csv


def test_one_command_one_table_one_plot(boneage, new, model_file, tmp_path):
    code, out, err = boneage(
        "stress", new / "images", "--landmarks", new / "landmarks.csv", "--model", model_file, "--limit", 1,
        "--sex-csv", new / "ages.csv", "--changes", "mirror,bits", "--out", tmp_path,
    )  # fmt: skip
    assert code == 0, err
    assert "1 hands, all of them phantoms (synthetic); landmarks against those of landmarks.csv" in out
    with (tmp_path / "stress.csv").open(newline="") as file:
        assert [row["change"] for row in csv.DictReader(file)] == [
            "unchanged",
            "mirrored",
            "8 bits",
            "12 bits",
            "16 bits",
        ]
    assert (tmp_path / "stress.png").exists()
    assert (tmp_path / "report.html").exists()


def test_a_kind_of_changes_that_is_not_there_is_told_in_one_line(boneage, new, localiser_file, tmp_path):
    code, _, err = boneage("stress", new / "images", "--model", localiser_file, "--changes", "fog", "--out", tmp_path)
    assert code == 1
    assert "got fog" in err
