def test_two_lists_that_share_nobody_and_come_again_with_the_seed(boneage, known, tmp_path):
    lists = []
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        code, said, _ = boneage(
            "split", known / "images", "--landmarks", known / "landmarks.csv", "--train", 7, "--test", 4,
            "--seed", seed, "--out", tmp_path / out,
        )  # fmt: skip
        assert code == 0
        assert "7 training and 4 test ids of 12 images" in said
        lists.append([(tmp_path / out / f"{part}.txt").read_text().split() for part in ("train", "test")])
    train, test = lists[0]
    assert (len(train), len(test)) == (7, 4)
    assert not set(train) & set(test)
    assert lists[0] == lists[1] != lists[2]


def test_the_hash_divides_everybody_the_same_way_but_for_those_excepted(boneage, known, tmp_path):
    from boneage.imaging import assign_split

    ids = [path.stem for path in (known / "images").iterdir()]
    tested = [id_ for id_ in ids if assign_split(id_) == "test"]
    assert tested, "a phantom of these should fall into the test part"
    (tmp_path / "never.csv").write_text(f"id,x\n{tested[0]},1\n")
    (tmp_path / "out.txt").write_text("phantom0001\n")
    code, said, _ = boneage(
        "split", known / "images", "--hash", "--never-test", tmp_path / "never.csv", "--leave-out",
        tmp_path / "out.txt", "--out", tmp_path / "lists",
    )  # fmt: skip
    assert code == 0
    parts = {name: (tmp_path / "lists" / f"{name}.txt").read_text().split() for name in ("train", "validation", "test")}
    assert tested[0] in parts["train"]
    assert sorted(id_ for part in parts.values() for id_ in part) == sorted(set(ids) - {"phantom0001"})
    assert f"{len(parts['train'])} train" in said


def test_exceptions_without_the_hash_are_a_wrong_usage(boneage, known, tmp_path):
    code, _, err = boneage("split", known / "images", "--leave-out", tmp_path / "x", "--out", tmp_path)
    assert code == 2
    assert "--hash" in err


def test_too_few_hands_are_told(boneage, known, tmp_path):
    code, _, err = boneage("split", known / "images", "--out", tmp_path / "out")
    assert code == 1
    assert "12" in err


def test_hands_without_landmarks_are_not_drawn(boneage, known, tmp_path):
    rows = (known / "landmarks.csv").read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join(rows[:4]) + "\n")
    code, _, _ = boneage(
        "split", known / "images", "--landmarks", tmp_path / "some.csv", "--train", 2, "--test", 1, "--out", tmp_path
    )
    assert code == 0
    drawn = [*(tmp_path / "train.txt").read_text().split(), *(tmp_path / "test.txt").read_text().split()]
    assert sorted(drawn) == ["phantom0001", "phantom0002", "phantom0003"]
