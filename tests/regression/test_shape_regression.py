import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from sklearn.exceptions import NotFittedError

from boneage.imaging import Points
from boneage.regression import GeometryRegressor, GeometrySettings

NAMES = tuple("abcdefghijkl")


@pytest.fixture(scope="module")
def hands():
    """Sixty shapes of twelve landmarks in random poses: points, ages and sexes.

    From 24 to 200 months every landmark moves in its own direction, a fifth of the size; girls are a year ahead.
    """
    rng = np.random.default_rng(0)
    base, direction = rng.normal(size=(2, 12, 2))
    ages = rng.uniform(24, 200, 60)
    sexes = ["F" if k % 2 else "M" for k in range(60)]
    made = []
    for age, sex in zip(ages, sexes, strict=True):
        grown = base + 0.2 * direction * (age + (12 if sex == "F" else 0)) / 176 + rng.normal(0, 0.005, (12, 2))
        angle, size = rng.uniform(-3, 3), rng.uniform(50, 500)
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        made.append(Points(NAMES, grown @ turn.T + rng.uniform(0, 900, 2)))
    return made, ages.tolist(), sexes


@pytest.fixture(scope="module")
def fitted(hands):
    return GeometryRegressor().fit(*hands)


def read(model, points, sex="F"):
    return model.predict([points], [sex])[0]


def moved(points, matrix, shift=(30.0, -7.0)):
    return dataclasses.replace(points, positions=points.positions @ np.array(matrix).T + shift)


def test_shape_tells_an_age(hands):
    points, ages, sexes = hands
    model = GeometryRegressor().fit(points[:45], ages[:45], sexes[:45])
    errors = [
        estimate.months - age for estimate, age in zip(model.predict(points[45:], sexes[45:]), ages[45:], strict=True)
    ]
    assert np.abs(errors).mean() < 5


@pytest.mark.parametrize(
    "matrix",
    [[[3, 0], [0, 3]], [[0.6, -0.8], [0.8, 0.6]], [[1, 0], [0, -1]], [[-1, 0], [0, -1]]],
    ids=["larger", "turned", "mirrored", "upside down"],
)
def test_place_size_rotation_and_side_do_not_matter(fitted, hands, matrix):
    hand = hands[0][3]
    assert read(fitted, moved(hand, matrix)).months == pytest.approx(read(fitted, hand).months, abs=1e-6)


def test_mirrored_hands_may_be_learnt_from(fitted, hands):
    points, ages, sexes = hands
    partly_mirrored = [moved(hand, [[1, 0], [0, -1]]) if k % 3 == 0 else hand for k, hand in enumerate(points)]
    again = GeometryRegressor().fit(partly_mirrored, ages, sexes)
    assert read(again, points[5]).months == pytest.approx(read(fitted, points[5]).months, abs=1.0)


def test_size_matters_only_if_asked_for(hands):
    sizes = np.linspace(1, 6, 30)
    larger, ages = [moved(hands[0][3], size * np.eye(2)) for size in sizes], 100 + 60 * np.log(sizes)
    for with_size, errs in ((True, 0), (False, 30)):
        model = GeometryRegressor(settings=GeometrySettings(with_size=with_size)).fit(larger, ages, ["F"] * 30)
        errors = [read(model, hand).months - age for hand, age in zip(larger, ages, strict=True)]
        assert np.abs(errors).mean() == pytest.approx(errs, abs=10)


def without(points, n):
    positions = points.positions.copy()
    positions[:n] = np.nan
    return Points(points.names, positions)


def test_a_few_missing_landmarks_are_made_up_for_and_too_many_are_refused(fitted, hands):
    hand = hands[0][7]
    whole = read(fitted, hand).months
    assert abs(read(fitted, without(hand, 2)).months - whole) < 40
    refused = read(fitted, without(hand, 7))
    assert np.isnan(refused.months)
    assert refused.reason == "7 of 12 landmarks are missing"
    lax = GeometryRegressor(settings=GeometrySettings(max_missing=0.9)).fit(*hands)
    assert np.isfinite(read(lax, without(hand, 7)).months)
    assert np.isnan(read(lax, Points(hand.names, np.ones((12, 2)))).months)


def test_the_sex_is_needed_unless_the_model_does_without(fitted, hands):
    assert fitted.needs_sex
    assert "sex is not known" in read(fitted, hands[0][0], None).reason
    blind = GeometryRegressor(settings=GeometrySettings(use_sex=False)).fit(hands[0], hands[1], [None] * 60)
    assert not blind.needs_sex
    assert read(blind, hands[0][0], None).months == read(blind, hands[0][0], "M").months


def test_one_sex_only_can_be_learnt_from(hands):
    points, ages, sexes = hands
    girls = [k for k, sex in enumerate(sexes) if sex == "F"]
    model = GeometryRegressor().fit([points[k] for k in girls], [ages[k] for k in girls], ["F"] * len(girls))
    assert np.isfinite(read(model, points[1], "M").months)


def test_training_data_is_checked(hands, fitted):
    points, ages, sexes = hands
    model = GeometryRegressor()
    with pytest.raises(ValueError, match="at least 2 hands"):
        model.fit(points[:1], ages[:1], sexes[:1])
    with pytest.raises(ValueError, match="hand number 1: its landmarks are not those"):
        model.fit([points[0], points[1].select(points[1].names[:5])], ages[:2], sexes[:2])
    with pytest.raises(ValueError, match="hand number 1: 7 of 12 landmarks are missing"):
        model.fit([points[0], without(points[1], 7)], ages[:2], sexes[:2])
    with pytest.raises(ValueError, match="hand number 0: the sex is not known"):
        model.fit(points[:2], ages[:2], [None, "F"])
    with pytest.raises(ValueError, match="in at least one hand"):
        model.fit([without(points[0], 1), without(points[1], 1)], ages[:2], sexes[:2])
    with pytest.raises(ValueError, match="trained on 12 landmarks; the hand has no"):
        read(fitted, points[0].select(points[0].names[:10]))
    with pytest.raises(NotFittedError):
        read(GeometryRegressor(), points[0])
    with pytest.raises(ValueError, match="max_missing"):
        GeometrySettings(max_missing=1.0)


def test_the_arguments_are_left_as_they_are(hands):
    before = [hand.positions.copy() for hand in hands[0]]
    GeometryRegressor().fit(*hands).predict(hands[0], hands[2])
    assert all(np.array_equal(hand.positions, original) for hand, original in zip(hands[0], before, strict=True))


def test_shapes_in_space_tell_an_age_too():
    rng = np.random.default_rng(0)
    base, direction = rng.normal(size=(2, 12, 3))
    ages = rng.uniform(96, 240, 60).tolist()
    points = []
    for age in ages:
        turn = rng.uniform(0.5, 2) * Rotation.random(random_state=rng).as_matrix()
        points.append(Points(NAMES, (base + 0.2 * direction * age / 144) @ turn.T + rng.uniform(0, 90, 3)))
    model = GeometryRegressor().fit(points[:45], ages[:45], ["F", "M"] * 22 + ["F"])
    estimates = model.predict(points[45:], ["F"] * 15)
    assert model.mean_shape_.shape == (12, 3)
    assert np.abs([estimate.months - age for estimate, age in zip(estimates, ages[45:], strict=True)]).mean() < 5
