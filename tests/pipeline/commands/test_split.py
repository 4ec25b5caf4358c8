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
