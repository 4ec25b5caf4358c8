import pytest

from boneage.regression import (
    Recipe,
    feature_recipe,
    fine_tuning_recipe,
    modern_recipe,
    seed_recipe,
    whole_hand_recipe,
)


def test_the_named_recipes_are_what_they_are_called():
    seed = seed_recipe()
    assert (seed.optimiser, seed.loss, seed.batch_size) == ("sgd", "mse", 4)
    assert (seed.learning_rate, seed.weight_decay) == (0.002, 0.0002)
    assert modern_recipe().optimiser == "adamw"
    assert whole_hand_recipe().augmentation.flip
    assert feature_recipe().augmentation is None
    assert fine_tuning_recipe().learning_rate < modern_recipe().learning_rate


def test_the_sides_are_spread_over_the_epochs_and_the_last_epoch_has_the_last():
    sides = (128,) * 10 + (192,) * 5 + (224,) * 3
    for epochs in (1, 2, 7, 18, 36, 50):
        recipe = Recipe(epochs=epochs, sides=sides)
        course = [recipe.side_of_epoch(epoch) for epoch in range(epochs)]
        assert course == sorted(course)
        assert course[-1] == 224
        assert abs(course.count(128) - epochs * 10 / 18) <= 1
    assert [Recipe(epochs=18, sides=sides).side_of_epoch(epoch) for epoch in range(18)] == list(sides)
    assert Recipe().side_of_epoch(3) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("batch_size", 0), ("learning_rate", 0), ("optimiser", "adam"), ("loss", "mae"), ("schedule", "x"),
     ("pretrained_rate", 0), ("stratum_weight", 1.5), ("precision", "half"),
     ("average_weights", 1.0), ("sides", (4, 64)), ("sides", (64, 224, 128))],
)  # fmt: skip
def test_settings_are_checked(field, value):
    with pytest.raises(
        ValueError, match=r"at least 1|positive|is not one of|pretrained_rate|stratum_weight|average_weights|sides must"
    ):
        Recipe(**{field: value})
