import dataclasses

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from boneage.imaging.errors import InvalidInput
from boneage.regression import Recipe
from boneage.regression.segmentation import segmenter as module
from boneage.regression.segmentation.segmenter import (
    HandSegmenter,
    MaskedHands,
    SegmenterSettings,
    describe_history,
)
from boneage.regression.segmentation.unet import UNetSettings

SETTINGS = SegmenterSettings(
    UNetSettings((4, 8)), Recipe(epochs=16, batch_size=4, learning_rate=0.02, augmentation=None)
)


def make_hands(n=8, seed=0):
    """Bright squares (bones) in wider grey ones (joints)."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((n, 2, 16, 16), np.uint8)
    for of_hand, (row, column) in zip(masks, rng.integers(2, 8, (n, 2)), strict=True):
        of_hand[0, row : row + 4, column : column + 4] = 255
        of_hand[1, row - 2 : row + 6, column - 2 : column + 6] = 255
    pixels = (masks[:, 0] // 2 + masks[:, 1] // 3).astype(np.uint8)
    return MaskedHands(tuple(map(str, range(n))), pixels, masks)


@pytest.fixture(scope="module")
def fitted():
    return HandSegmenter(settings=SETTINGS).fit(make_hands(), validation=make_hands(3, seed=1))


def test_it_learns_what_the_masks_outline(fitted):
    errors = [result.validation_error for result in fitted.history_]
    assert errors[-1] < errors[0]
    assert describe_history(fitted.history_).startswith("Dice 0.")
    assert fitted.predict(np.zeros((2, 16, 16), np.float32)).shape == (2, 2, 16, 16)


def test_what_is_read_back_predicts_the_same(fitted):
    config, arrays = fitted.to_state()
    again = HandSegmenter.from_state(config, arrays)
    pictures = make_hands().pixels.astype(np.float32) / 255
    assert np.array_equal(again.predict(pictures), fitted.predict(pictures))
    assert again.history_ == fitted.history_


def test_an_interrupted_training_ends_with_the_same_weights(fitted, tmp_path, monkeypatch):
    augmented = dataclasses.replace(SETTINGS, recipe=dataclasses.replace(SETTINGS.recipe, average_weights=0.9))
    whole = HandSegmenter(settings=augmented).fit(make_hands())
    run = module.run_training

    def stop(loop, data, **options):
        def after(stage, part):
            if part > 0.64:  # after the tenth pass, which is saved
                raise KeyboardInterrupt

        return run(loop, data, **{**options, "progress": after})

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_training", stop)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            HandSegmenter(settings=augmented).fit(make_hands(), checkpoints=tmp_path)
    resumed = HandSegmenter(settings=augmented).fit(make_hands(), checkpoints=tmp_path)
    pictures = make_hands().pixels.astype(np.float32) / 255
    assert np.allclose(resumed.predict(pictures), whole.predict(pictures), atol=1e-5)


def test_augmentation_moves_masks_with_their_pictures():
    import torch

    from boneage.regression.augmentation import AugmentationSettings, draw_augmentation

    hands = make_hands(4)
    settings = AugmentationSettings(max_log_gamma=0, drop_region=0, max_shift=0.2)
    drawn = draw_augmentation(np.random.default_rng(0), settings, np.ones((4, 1), bool))
    as_picture, _ = drawn.apply(torch.from_numpy(hands.masks[:, :1] / 255).float(), torch.ones(4, 1, dtype=torch.bool))
    as_mask = drawn.apply_to_masks(torch.from_numpy(hands.masks / 255).float())
    assert torch.allclose(as_picture, as_mask[:, :1], atol=1e-6)
    assert as_mask.shape == (4, 2, 16, 16)


def test_bad_input_is_refused(fitted):
    with pytest.raises(InvalidInput, match="at least two hands, got 1"):
        HandSegmenter(settings=SETTINGS).fit(make_hands(1))
    with pytest.raises(InvalidInput, match="multiple of 16"):
        HandSegmenter().fit(
            MaskedHands(("a", "b"), np.zeros((2, 24, 24), np.uint8), np.zeros((2, 2, 24, 24), np.uint8))
        )
    with pytest.raises(InvalidInput, match="need as many masks"):
        MaskedHands(("a",), np.zeros((1, 8, 8), np.uint8), np.zeros((1, 1, 8, 8), np.uint8))
    with pytest.raises(InvalidInput, match=r"shape \(n, 16, 16\)"):
        fitted.predict(np.zeros((1, 8, 8), np.float32))
    with pytest.raises(NotFittedError):
        HandSegmenter().predict(np.zeros((1, 8, 8), np.float32))


def test_a_model_of_other_labels_is_refused(fitted):
    config, arrays = fitted.to_state()
    with pytest.raises(InvalidInput, match="it outlines teeth, not bones and joints"):
        HandSegmenter.from_state({**config, "kinds": ["teeth"]}, arrays)
    with pytest.raises(InvalidInput, match="do not fit its settings"):
        HandSegmenter.from_state(config, dict(list(arrays.items())[1:]))
