import pytest

from boneage.regression import PRESETS, BackboneSettings, for_volumes
from boneage.regression.networks.backbone import BACKBONES


def test_there_is_one_of_each_backbone_off_the_shelf_and_fine_tuned():
    kinds = {f"{name}-{use}" for name in BACKBONES for use in ("features", "finetuned")}
    assert set(PRESETS) == {"multiregion", "bonet", "whole-hand", "aligned-hand"} | kinds


@pytest.mark.parametrize("name", [name for name in PRESETS if name.endswith(("features", "finetuned"))])
def test_what_a_preset_is_called_it_is(name):
    settings = PRESETS[name]
    backbone, use = name.rsplit("-", 1)
    assert isinstance(settings.network, BackboneSettings)
    assert settings.network.backbone == backbone
    assert settings.network.frozen is (use == "features")
    # off the shelf, features are computed once; fine-tuned, hands are changed each time
    assert (settings.recipe.augmentation is None) is (use == "features")


def test_the_lite_networks_are_fine_tuned_as_usual():
    settings = PRESETS["efficientnet-lite0-finetuned"]
    assert settings.network.batch_statistics
    assert settings.recipe.pretrained_rate == 1
    assert 0.9 < settings.recipe.average_weights < 1
    assert not PRESETS["googlenet-finetuned"].network.batch_statistics


def test_multiregion_alone_has_a_sibling_that_reads_volumes():
    flat, deep = PRESETS["multiregion"], for_volumes(PRESETS["multiregion"])
    assert (flat.network.ndim, deep.network.ndim) == (2, 3)
    assert (deep.recipe, deep.fusion, deep.use_sex) == (flat.recipe, flat.fusion, flat.use_sex)
    for name in set(PRESETS) - {"multiregion"}:
        with pytest.raises(ValueError, match="only multiregion reads volumes"):
            for_volumes(PRESETS[name])
