import pytest

from boneage.evaluation.benchmarks.splits import CrossValidation, FixedSplit, RandomSplits

IDS = [f"h{k}" for k in range(11)]


def test_rounds_at_random_draw_anew_without_overlap():
    first, second = RandomSplits(2, 6, 3, 4).split(IDS)
    assert (len(first.train), len(first.test), first.seed, second.seed) == (6, 3, 4, 5)
    assert not set(first.train) & set(first.test)
    assert first.test != second.test
    assert RandomSplits(2, 6, 3, 4).split(IDS[::-1])[0] == first


def test_folds_test_every_hand_once_and_train_on_all_the_others():
    splits = CrossValidation(4, seed=2).split(IDS)
    assert sorted(id_ for draw in splits for id_ in draw.test) == sorted(IDS)
    assert {len(draw.test) for draw in splits} == {2, 3}
    assert all(sorted((*draw.train, *draw.test)) == sorted(IDS) for draw in splits)
    assert [draw.seed for draw in splits] == [2, 3, 4, 5]


def test_a_given_split_is_drawn_as_it_is():
    (draw,) = FixedSplit(("h1", "h2"), ("h3",), ("h4",), 7).split(IDS)
    assert (draw.number, draw.seed, draw.train, draw.test, draw.validation) == (0, 7, ("h1", "h2"), ("h3",), ("h4",))


@pytest.mark.parametrize(
    ("lists", "reason"),
    [
        ((("h1",), ("h2",)), "at least 2 images to train on and 1 to test on, got 1 and 1"),
        ((("h1", "h2"), ()), "got 2 and 0"),
        ((("h1", "h2"), ("h2",)), "1 ids are in two of the lists.*'h2'"),
        ((("h1", "h2"), ("h3",), ("h1",)), "'h1'"),
    ],
)
def test_lists_that_are_no_split_are_refused(lists, reason):
    with pytest.raises(ValueError, match=reason):
        FixedSplit(*lists)


def test_ids_of_a_split_that_are_not_there_are_named():
    with pytest.raises(ValueError, match="1 ids of the split have no image with an age, such as 'stranger'"):
        FixedSplit(("h1", "h2"), ("stranger",)).split(IDS)


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(ValueError, match="n_train must be at least 2, got 1"):
        RandomSplits(n_train=1)
    with pytest.raises(ValueError, match="need 60, there are 11"):
        RandomSplits().split(IDS)
    with pytest.raises(ValueError, match="folds must be at least 2, got 1"):
        CrossValidation(1)
    with pytest.raises(ValueError, match="12 folds need at least 12 images, there are 11"):
        CrossValidation(12).split(IDS)
    with pytest.raises(ValueError, match="2 folds need at least 3 images, there are 2"):
        CrossValidation(2).split(IDS[:2])
