import csv
import shutil


def read_rows(path):
    with path.open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_a_folder_in_and_ages_out(boneage, new, model_file, tmp_path):
    code, out, _ = boneage(
        "predict", new / "images", "--model", model_file, "--sex-csv", new / "ages.csv", "--out", tmp_path, "--jobs", 2
    )
    assert code == 0
    assert "3 files: 3 ok, 0 flagged, 0 refused" in out
    rows = read_rows(tmp_path / "ages.csv")
    assert list(rows) == ["phantom0001", "phantom0002", "phantom0003"]
    header = list(rows["phantom0001"])
    columns = ["id", "path", "modality", "status", "reason", "sex", "bone_age_months", "bone_age_text"]
    columns += ["interval_low_months", "interval_high_months", "interval_level", "interval_n_hands"]
    columns += ["acceptance", "laterality", "mirrored", "inverted", "rotated_deg"]
    assert header[: len(columns)] == columns
    assert {"weight_radius", "age_radius", "weight_dip_3", "age_carpus"} <= set(header)
    assert header[-1] == "model"
    code, out, _ = boneage("age", "report", "--predicted", tmp_path / "ages.csv", "--truth", new / "ages.csv")
    assert code == 0
    assert "3 hands, all of them phantoms (synthetic)" in out


def test_pages_compare_with_the_ages_of_the_table(boneage, new, model_file, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("phantom0001", "phantom0002"):
        shutil.copy(new / "images" / f"{name}.png", tmp_path / "in")
    (tmp_path / "in" / "notes.txt").write_text("hello")
    table = tmp_path / "sexes.csv"
    table.write_text("id,sex,chronological_age_years\nphantom0001,F,10\nphantom0002,M,\n")
    out = tmp_path / "out"
    arguments = ("predict", tmp_path / "in", "--model", model_file, "--sex-csv", table, "--out", out, "--pages")
    assert boneage(*arguments)[0] == 3
    assert sorted(path.name for path in (out / "cases").iterdir()) == ["phantom0001.html", "phantom0002.html"]
    page = (out / "cases" / "phantom0001.html").read_text()
    assert "10 y 0 m (120.0 months)" in page
    assert "3 hands" in (out / "index.html").read_text()
    rows = read_rows(out / "ages.csv")
    assert [rows[name]["chronological_age_months"] for name in rows] == ["", "120.00", ""]
    assert rows["phantom0001"]["sd_score"] != ""
    table.write_text("id,sex,chronological_age_years\nphantom0001,F,11\nphantom0002,M,\n")
    assert boneage(*arguments)[0] == 3
    assert "11 y 0 m (132.0 months)" in (out / "cases" / "phantom0001.html").read_text()


def test_the_age_of_one_file_is_printed(boneage, new, model_file, tmp_path):
    path = new / "images" / "phantom0001.png"
    code, out, err = boneage("predict", path, "--model", model_file, "--sex", "F")
    assert code == 0
    assert out.startswith("phantom0001: ")
    assert " months" in out
    assert "research use only" in err
    (tmp_path / "notes.txt").write_text("hello")
    code, out, _ = boneage("predict", tmp_path / "notes.txt", "--model", model_file)
    assert code == 1
    assert out.startswith("notes: refused; is not an image")
    code, _, err = boneage("predict", new / "images", "--model", model_file)
    assert code == 2
    assert "needed for several files" in err


def test_a_check_reads_no_hand_and_writes_nothing(boneage, new, model_file, tmp_path):
    (tmp_path / "sexes.csv").write_text("id,sex\nphantom0001,F\nother,M\n")
    arguments = ("predict", new / "images", "--model", model_file, "--out", tmp_path / "out", "--check")
    code, out, _ = boneage(*arguments, "--sex-csv", tmp_path / "sexes.csv")
    assert code == 3
    assert "3 files: 3 picture" in out
    assert "1 ids of the table of sexes fit no file: other" in out
    assert "2 will be refused\nphantom0002.png: the sex is not known" in out
    assert not (tmp_path / "out").exists()
    assert boneage(*arguments, "--sex", "F")[0] == 0


def test_intervals_are_written_at_the_level_asked_for(boneage, new, calibrated_file, tmp_path):
    arguments = ("predict", new / "images", "--model", calibrated_file, "--sex", "F", "--out", tmp_path)
    code, _, err = boneage(*arguments, "--level", "0.8")
    assert (code, err.count("no interval")) == (0, 0)
    for row in read_rows(tmp_path / "ages.csv").values():
        assert float(row["interval_low_months"]) < float(row["bone_age_months"]) < float(row["interval_high_months"])
        assert (row["interval_level"], row["interval_n_hands"]) == ("0.8", "209")
    code, _, err = boneage(*arguments, "--level", "0.999")
    assert code == 1
    assert "holds results of level 0.8, not of level 0.999: choose another folder, or begin anew with --restart" in err
    code, _, err = boneage(*arguments, "--level", "0.999", "--restart")
    assert code == 0
    assert "no interval for 3 ages: only 209 hands to calibrate on (girls of all ages), 99.9 % needs 999" in err
    assert {row["interval_level"] for row in read_rows(tmp_path / "ages.csv").values()} == {""}
    code, _, err = boneage(*arguments, "--level", "90")
    assert code == 1
    assert "the level of an interval must be between 0 and 1, such as 0.9, got 90" in err


def test_an_uncalibrated_model_says_so_once(boneage, new, model_file, tmp_path):
    code, _, err = boneage("predict", new / "images", "--model", model_file, "--sex", "F", "--out", tmp_path)
    assert code == 0
    assert err.count("no interval for 3 ages: the model holds no calibration") == 1


def test_a_hand_without_a_sex_is_refused_and_the_others_are_read(boneage, new, model_file, tmp_path):
    (tmp_path / "sexes.csv").write_text("id,male\nphantom0001,True\nphantom0003,False\n")
    code, out, err = boneage(
        "predict", new / "images", "--model", model_file, "--sex-csv", tmp_path / "sexes.csv", "--out", tmp_path / "out"
    )
    assert code == 3
    assert "2 ok, 0 flagged, 1 refused" in out
    assert "phantom0002.png: the sex is not known, and the model needs it" in err
    rows = read_rows(tmp_path / "out" / "ages.csv")
    assert [rows[f"phantom000{k}"]["sex"] for k in (1, 2, 3)] == ["M", "", "F"]


def test_nothing_readable_leaves_with_1(boneage, new, model_file, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("hello")
    code, out, err = boneage("predict", tmp_path / "in", "--model", model_file, "--sex", "F", "--out", tmp_path / "out")
    assert code == 1
    assert "1 refused" in out
    assert "notes.txt: is not an image" in err
    assert read_rows(tmp_path / "out" / "ages.csv")["notes"]["status"] == "refused"


def test_sex_is_given_one_way_only(boneage, new, model_file, tmp_path):
    code, _, err = boneage(
        "predict", new / "images", "--model", model_file, "--out", tmp_path / "out",
        "--sex", "F", "--sex-csv", new / "ages.csv",
    )  # fmt: skip
    assert code == 2
    assert "not both" in err


def test_only_the_listed_ids_are_read(boneage, new, model_file, tmp_path):
    shutil.copytree(new / "images", tmp_path / "in")
    (tmp_path / "ids.txt").write_text("phantom0002\n")
    code, _, _ = boneage(
        "predict", tmp_path / "in", "--model", model_file, "--sex", "M", "--out", tmp_path / "out",
        "--ids", tmp_path / "ids.txt", "--explain",
    )  # fmt: skip
    assert code == 0
    assert list(read_rows(tmp_path / "out" / "ages.csv")) == ["phantom0002"]
    assert (tmp_path / "out" / "explanations" / "phantom0002.png").is_file()


def test_radiographs_and_volumes_go_to_their_own_models(boneage, new, volumes, model_file, volume_model_file, tmp_path):
    shutil.copytree(new / "images", tmp_path / "in")
    shutil.copy(volumes / "images" / "volume8.nii.gz", tmp_path / "in")
    arguments = ("predict", tmp_path / "in", "--sex", "F", "--out", tmp_path / "out")
    code, out, _ = boneage(*arguments, "--model", model_file, "--model", volume_model_file)
    assert code == 3
    assert "3 ok, 0 flagged, 1 refused" in out
    rows = read_rows(tmp_path / "out" / "ages.csv")
    assert {id_: row["modality"] for id_, row in rows.items()} == {
        "phantom0001": "xray", "phantom0002": "xray", "phantom0003": "xray", "volume8": "mri",
    }  # fmt: skip
    code, _, err = boneage(*arguments, "--model", volume_model_file, "--restart")
    assert code == 1
    assert "phantom0001.png: is a radiograph; the model reads volumes (MR): give a second --model" in err


def test_two_models_of_one_kind_are_a_mistake(boneage, new, model_file, hand_model_file, tmp_path):
    code, _, err = boneage(
        "predict", new / "images", "--sex", "F", "--out", tmp_path / "out",
        "--model", model_file, "--model", hand_model_file,
    )  # fmt: skip
    assert code == 2
    assert "two models read radiographs" in err
    assert not (tmp_path / "out").exists()


def test_each_hand_of_a_picture_is_a_row(boneage, model_file, tmp_path):
    boneage("phantom", tmp_path / "in", "--anatomy", "two-hands", "--count", 1, "--seed", 3)
    arguments = ("predict", tmp_path / "in" / "images", "--model", model_file, "--sex", "F", "--out", tmp_path / "out")
    _, out, _ = boneage(*arguments)
    assert "1 files" in out
    (only,) = read_rows(tmp_path / "out" / "ages.csv")
    _, out, _ = boneage(*arguments, "--all-hands", "--restart")
    assert "2 rows" in out
    assert list(read_rows(tmp_path / "out" / "ages.csv")) == [only, f"{only}#2"]


def test_what_was_not_read_and_why_is_told(boneage, new, model_file, tmp_path):
    (tmp_path / "in" / "more").mkdir(parents=True)
    shutil.copy(new / "images" / "phantom0001.png", tmp_path / "in" / "0001.png")
    shutil.copy(new / "images" / "phantom0002.png", tmp_path / "in" / "more" / "0002.png")
    (tmp_path / "in" / "gone.png").symlink_to("nowhere")
    (tmp_path / "sexes.csv").write_text("id,sex\n1,F\n0002.png,U\n")
    (tmp_path / "ids.txt").write_text("0001\n0002\n0003\n")
    command = ("predict", tmp_path / "in", "--model", model_file, "--sex-csv", tmp_path / "sexes.csv", "--out")
    code, out, err = boneage(*command, tmp_path / "out", "--ids", tmp_path / "ids.txt")
    assert (code, "1 files: 0 ok" in out) == (1, True)
    misfit = "no row of the table of sexes fits a file: its ids are such as '1', those of the files such as '0001'"
    for told in ("1 sub-folder", "1 link to nothing", "2 of the ids in ids.txt have no file: 0002, 0003", misfit):
        assert told in err
    code, out, err = boneage(*command, tmp_path / "all", "--recursive")
    assert (code, "2 files: 0 ok, 0 flagged, 2 refused" in out) == (1, True)
    assert "0002.png: line 3, id 0002.png of sexes.csv: sex must be F, female" in err
    assert "passed over 1 link to nothing" in err
