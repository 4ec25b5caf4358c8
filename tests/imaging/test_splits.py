from collections import Counter

from boneage.imaging import assign_split, split_by_hash

IDS = [str(k) for k in range(5000)]


def test_the_parts_are_eight_one_and_one_tenths_and_another_salt_makes_others():
    counts = Counter(assign_split(id_) for id_ in IDS)
    for part, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
        assert abs(counts[part] / len(IDS) - share) < 0.015
    same = sum(assign_split(id_) == assign_split(id_, "other") for id_ in IDS)
    assert 0.6 < same / len(IDS) < 0.72  # by chance: 0.66


def test_an_id_stays_where_it_is_whoever_else_is_there():
    whole, half = split_by_hash(IDS), split_by_hash(IDS[::2])
    for part, ids in half.items():
        assert set(ids) <= set(whole[part])
    assert sorted(id_ for ids in whole.values() for id_ in ids) == sorted(IDS)


def test_ids_that_must_not_be_tested_on_are_trained_on_unless_they_are_left_out():
    tested = split_by_hash(IDS)["test"]
    never, out = tested[:20], [*tested[10:15], "3", "not there"]
    parts = split_by_hash(IDS, never_test=never, leave_out=out)
    assert set(never) - set(out) <= set(parts["train"])
    assert set(tested) - set(never) == set(parts["test"])
    assert not {id_ for ids in parts.values() for id_ in ids} & set(out)
    assert len(parts["validation"]) >= len(split_by_hash(IDS)["validation"]) - 1
