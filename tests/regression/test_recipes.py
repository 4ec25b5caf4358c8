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


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("batch_size", 0), ("learning_rate", 0), ("optimiser", "adam"), ("loss", "mae"), ("schedule", "x"),
     ("pretrained_rate", 0), ("stratum_weight", 1.5), ("precision", "half")],
)  # fmt: skip
def test_settings_are_checked(field, value):
    with pytest.raises(ValueError, match=r"at least 1|positive|is not one of|pretrained_rate|stratum_weight"):
        Recipe(**{field: value})
