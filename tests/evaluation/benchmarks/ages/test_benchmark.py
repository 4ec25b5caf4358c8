import dataclasses
import math
from functools import partial

import numpy as np
import pytest

from boneage.evaluation.benchmarks import checkpoint
from boneage.evaluation.benchmarks.ages.benchmark import AgeBenchmarkSettings, measure_variants, run_age_benchmark
from boneage.evaluation.benchmarks.ages.variants import name_variants
from boneage.evaluation.benchmarks.provenance import name_commit
from boneage.evaluation.benchmarks.splits import CrossValidation, FixedSplit
from boneage.imaging import Frame
from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.data import load_collection
from boneage.pipeline.training.age_settings import make_settings
from boneage.pipeline.training.dataset import AgeDataset, ExcludedHand
from boneage.regression import ConstantBySex, CropSpec, MultiRegionSettings, RegionStack

IDS = tuple(f"h{k}" for k in range(9))
SETTINGS = dataclasses.replace(make_settings(epochs=2), network=MultiRegionSettings(channels=(4, 8), hidden=8))


def make_hands(n=9, sexes=None):
    """Whole images of noise; h8 cannot be read."""
    rng = np.random.default_rng(0)
    stacks = [
        RegionStack(("whole",), rng.random((1, 32, 32), np.float32), np.array([True]), (Frame.identity(2),))
        for _ in IDS[: n - 1]
    ]
    ages = tuple(float(age) for age in range(20, 20 + 10 * (n - 1), 10))
    sexes = sexes or tuple("FM"[k % 2] for k in range(n - 1))
    return AgeDataset(
        IDS[: n - 1], stacks, ages, sexes, frozenset(), (ExcludedHand("h8", "h8.png", "is empty"),), 0.1, "x"
    )


def run(folder, names=("constant", "whole"), splits=None, hands=None, **others):
    variants = name_variants(names, SETTINGS)
    hands = hands or make_hands()
    return measure_variants(variants, lambda variant: hands, splits or CrossValidation(3).split(IDS), folder, **others)


def test_every_hand_is_predicted_once_by_each_variant_and_an_unreadable_one_has_its_reason(tmp_path):
    rounds = run(tmp_path)
    assert [(r.variant, r.number) for r in rounds] == [(v, k) for v in ("constant", "whole") for k in range(3)]
    for name in ("constant", "whole"):
        predictions = [p for r in rounds if r.variant == name for p in r.predictions]
        assert sorted(p.id for p in predictions) == sorted(IDS)
        assert [(p.id, p.reason) for p in predictions if math.isnan(p.months)] == [("h8", "is empty")]
    for r in rounds:
        tested = {p.id for p in r.predictions}
        assert r.n_train == len(set(IDS[:8]) - tested)
        assert (r.epochs, r.preparing_s) == (2 if r.variant == "whole" else 1, 0.1)
        assert r.n_parameters > 0
        assert r.peak_mb > 50
        assert r.training_s > 0


def test_the_test_hands_are_not_trained_on(tmp_path):
    hands = make_hands()
    for r in run(tmp_path, ("constant",)):
        tested = {p.id for p in r.predictions}
        for p in r.predictions:
            place = int(p.id[1:])
            own = [a for k, a in enumerate(hands.ages_months) if IDS[k] not in tested and k % 2 == place % 2]
            assert p.id == "h8" or p.months == np.median(own)


def test_stored_rounds_are_not_measured_again(tmp_path, monkeypatch):
    rounds = run(tmp_path)
    (tmp_path / "whole-01.json").unlink()
    trained = []
    fit = "boneage.evaluation.benchmarks.ages.benchmark.AgeRegressor.fit"
    from boneage.regression import AgeRegressor

    learn = AgeRegressor.fit
    monkeypatch.setattr(fit, lambda self, *a, **k: trained.append(self.random_state) or learn(self, *a, **k))
    again = run(tmp_path)
    assert trained == [1]
    for one, other in zip(rounds, again, strict=True):
        assert [p.months for p in other.predictions] == pytest.approx([p.months for p in one.predictions], nan_ok=True)
    assert not list((tmp_path / "training").rglob("*.ckpt")), "checkpoints are removed when a training ends"


def test_rounds_of_other_hands_or_settings_are_refused(tmp_path):
    run(tmp_path, ("constant",))
    with pytest.raises(UnusableOutput, match="another benchmark"):
        run(tmp_path, ("constant",), hands=dataclasses.replace(make_hands(), digest="y"))
    with pytest.raises(UnusableOutput, match="another benchmark"):
        run(tmp_path, ("constant",), CrossValidation(3, seed=1).split(IDS))


def test_rounds_that_other_code_measured_are_measured_again(tmp_path, monkeypatch):
    run(tmp_path, ("constant",))
    monkeypatch.setattr(checkpoint, "compute_code_version", lambda *packages: "other")
    excluded = (ExcludedHand("h0", "h0.png", "no hand"), ExcludedHand("h8", "h8.png", "is empty"))
    fewer = dataclasses.replace(make_hands().among(IDS[1:]), excluded=excluded)
    rounds = run(tmp_path, ("constant",), hands=fewer)
    unread = {p.id: p.reason for r in rounds for p in r.predictions if math.isnan(p.months)}
    assert unread == {"h0": "no hand", "h8": "is empty"}
    monkeypatch.setattr(ConstantBySex, "fit", None)
    assert repr(run(tmp_path, ("constant",), hands=fewer)) == repr(rounds), "measured once by this code"


def test_a_given_split_has_validation_hands_apart(tmp_path):
    splits = FixedSplit(IDS[:4], IDS[4:6], IDS[6:], 3).split(IDS)
    (measured,) = run(tmp_path, ("constant",), splits)
    assert [(p.id, p.part) for p in measured.predictions] == [
        ("h4", "test"), ("h5", "test"), ("h6", "validation"), ("h7", "validation"), ("h8", "validation"),
    ]  # fmt: skip


def test_one_sex_only_is_compared_too(tmp_path):
    rounds = run(tmp_path, hands=make_hands(sexes=("F",) * 8))
    assert all(math.isfinite(p.months) or p.id == "h8" for r in rounds for p in r.predictions)


def test_too_few_hands_and_unknown_sexes_are_errors(tmp_path):
    with pytest.raises(ValueError, match="constant: round 0 has 1 hands to train on"):
        run(tmp_path, ("constant",), FixedSplit(("h0", "h8"), ("h1",)).split(IDS))
    with pytest.raises(ValueError, match=r"sex of 1 hands is not known \(h0\)"):
        run(tmp_path, ("whole",), hands=make_hands(sexes=(None, *"MFMFMFM")))


def test_progress_names_variant_and_round(tmp_path):
    stages = []
    run(tmp_path, report=lambda stage, part: stages.append((stage, part)))
    assert ("constant", 1.0) in stages
    assert ("whole, round 2: age model", 1.0) in stages


def test_a_collection_is_measured_by_settings_alone(known, tmp_path):
    collection = load_collection([known / "images"], ages=[known / "ages.csv"])
    ids = collection.ids
    protocol = FixedSplit(ids[:6], ids[6:8])
    settings = AgeBenchmarkSettings(
        ("constant", "whole"), protocol, SETTINGS, make_crop_spec=partial(CropSpec, side=32)
    )
    rounds = run_age_benchmark(collection, settings, tmp_path / "rounds", cache=tmp_path / "hands")
    assert [(r.variant, r.n_train, len(r.predictions)) for r in rounds] == [("constant", 6, 2), ("whole", 6, 2)]
    assert len(list((tmp_path / "hands").iterdir())) == 8, "hands of other ids are not read"
    assert {r.commit for r in rounds} == {name_commit()}
