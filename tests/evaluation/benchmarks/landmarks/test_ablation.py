import dataclasses

import numpy as np

from boneage.evaluation.benchmarks.landmarks import ablation
from boneage.evaluation.benchmarks.landmarks.ablation import VARIANTS, measure_ablation, tabulate_ablation
from boneage.landmarks import accurate
from boneage.pipeline.data import load_collection


def test_variants_differ_from_one_another():
    assert VARIANTS["`accurate`"] == accurate()
    assert len({str(settings) for settings in VARIANTS.values()}) == len(VARIANTS)
    assert {stage.forest.max_depth for stage in VARIANTS["trees of depth 10"].local} == {10}
    assert len(VARIANTS["one local stage"].local) == 1


def test_every_size_is_tested_on_the_same_hands_and_nothing_is_withheld(known, monkeypatch):
    hands = load_collection([known / "images"], landmarks=known / "landmarks.csv")
    trained = []

    class FirstTruth:
        def locate(self, scan):
            return hands.points(hands.annotated_ids[0])

    def train(collection, settings, *, seed, jobs):
        trained.append((tuple(collection.ids), settings.min_score, seed))
        return FirstTruth(), {}, ()

    monkeypatch.setattr(ablation, "train_localiser", train)
    monkeypatch.setattr(ablation, "_N_TEST", 3)
    variants = {"`fast`": dataclasses.replace(VARIANTS["`fast`"], min_score=0.3)}
    small, large = measure_ablation(hands, None, rounds=2, sizes=(4, 6), variants=variants)
    assert small.distances.shape == large.distances.shape == (6, len(hands.landmarks.names))
    assert np.array_equal(small.distances, large.distances, equal_nan=True)
    assert [(len(ids), score, seed) for ids, score, seed in trained] == [
        (4, 0.0, 0),
        (4, 0.0, 1),
        (6, 0.0, 0),
        (6, 0.0, 1),
    ]
    assert set(trained[0][0]) < set(trained[2][0])
    header, rows = tabulate_ablation([small, large], "px")
    assert [row[:2] for row in rows] == [["`fast`", "4"], ["`fast`", "6"]]
    assert {len(row) for row in rows} == {len(header)}
