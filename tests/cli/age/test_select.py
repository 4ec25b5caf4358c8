def test_the_strategies_of_an_age_model(boneage, new, model_file, tmp_path):
    read = tmp_path / "read.txt"
    read.write_text("phantom0002\n")
    for strategy in ("disagreement", "age", "combined"):
        code, out, err = boneage(
            "age", "select", new / "images", "--model", model_file, "--sex-csv", new / "ages.csv", "--annotated", read,
            "--strategy", strategy, "--n", 1, "--out", tmp_path / strategy,
        )  # fmt: skip
        assert code == 0, err
        assert f"1 of 2 hands chosen by {strategy}; see" in out
        assert (tmp_path / strategy / "selected.txt").read_text() in ("phantom0001\n", "phantom0003\n")
        header = (tmp_path / strategy / "selection.csv").read_text().splitlines()[0]
        assert header == "id,rank,score,disagreement,stratum,why"


def test_chance_is_stratified_by_what_tables_tell(boneage, known, tmp_path):
    code, out, _ = boneage(
        "age", "select", known / "images", "--sex-csv", known / "ages.csv", "--n", 6, "--out", tmp_path
    )
    assert code == 0
    assert "6 of 12 hands chosen at random, stratified" in out
    table = (tmp_path / "selection.csv").read_text()
    assert table.count("drawn at random from girls") == table.count("drawn at random from boys") == 3


def test_chronological_ages_give_strata_and_unclear_sexes_are_told(boneage, new, tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("id,sex,chronological_age_years\nphantom0001,F,7.5\nphantom0002,?,9\nphantom0003,,\n")
    code, _, err = boneage("age", "select", new / "images", "--sex-csv", table, "--n", 3, "--out", tmp_path / "out")
    assert code == 0, err
    assert "the sex of 1 hands is not known" in err
    rows = (tmp_path / "out" / "selection.csv").read_text()
    for stratum in ("girls of 6 to 7 years", "hands of unknown sex of 8 to 9 years", "unknown sex of unknown age"):
        assert stratum in rows


def test_a_strategy_without_its_model_is_a_fault_of_usage(boneage, new, tmp_path):
    code, _, err = boneage("age", "select", new / "images", "--strategy", "age", "--out", tmp_path)
    assert (code, "goes with --model" in err) == (2, True)


def test_the_help_says_why_chance_is_the_default(boneage):
    code, out, _ = boneage("age", "select", "--help")
    assert code == 0
    assert "clearly fewer readings than chance" in " ".join(out.split())
