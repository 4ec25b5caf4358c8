import dataclasses

import pytest

from boneage.pipeline.age_training import cross_validate, prepare_regions, settings_for, train_pipeline
from boneage.pipeline.gathering import gather


def test_every_hand_is_predicted_once_by_a_model_that_has_not_seen_it(prepared):
    rows = cross_validate(prepared.regions, settings_for(use_sex=True, epochs=2), n_folds=3, seed=0)
    assert sorted(row.id for row in rows) == sorted(prepared.regions.ids)
    truth = dict(zip(prepared.regions.ids, prepared.regions.ages_months, strict=True))
    assert {row.id: row.truth for row in rows} == truth
    assert {row.fold for row in rows} == {0, 1, 2}
    for fold in range(3):
        for sex in ("F", "M"):
            others = [truth[row.id] for row in rows if row.fold != fold and row.sex == sex]
            constants = {row.constant for row in rows if row.fold == fold and row.sex == sex}
            assert len(constants) <= 1
            assert all(min(others) <= constant <= max(others) for constant in constants)


def test_more_folds_than_hands_are_refused(prepared):
    with pytest.raises(ValueError, match="13 folds need at least as many hands, got 12"):
        cross_validate(prepared.regions, settings_for(use_sex=True, epochs=1), n_folds=13, seed=0)


def test_unknown_sexes_are_named_and_a_model_without_sex_does_not_mind(prepared):
    sexes = (None, *prepared.regions.sexes[1:])
    unsure = dataclasses.replace(prepared, regions=dataclasses.replace(prepared.regions, sexes=sexes))
    with pytest.raises(ValueError, match=r"sex of 1 hands is not known \(phantom0001\).*--no-sex"):
        train_pipeline(unsure, settings_for(use_sex=True, epochs=1), seed=0)
    assert not train_pipeline(unsure, settings_for(use_sex=False, epochs=1), seed=0).regressor.needs_sex


def test_the_pipeline_says_what_it_was_trained_on(pipeline, prepared):
    assert pipeline.summary["age"] == {
        "n_hands": 12,
        "n_phantoms": 12,
        "seed": 0,
        "ids": list(prepared.regions.ids),
    }
    assert pipeline.summary["localiser"]["n_hands"] == 12


def test_regions_need_a_localiser_or_landmarks(known):
    collection = gather([known / "images"], ages=[known / "ages.csv"])
    with pytest.raises(ValueError, match=r"--localiser .* or --landmarks"):
        prepare_regions(collection, None, cut_at_annotations=False, seed=0, jobs=1)


def test_epochs_change_nothing_else():
    short, usual = settings_for(use_sex=True, epochs=3), settings_for(use_sex=True, epochs=None)
    assert short.recipe.epochs == 3
    assert dataclasses.replace(short.recipe, epochs=usual.recipe.epochs) == usual.recipe
