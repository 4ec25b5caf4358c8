"""Regions of interest around ossification sites, and the weighted CNN that reads an age from them."""

if __name__ != "boneage.regression":
    raise ImportError(f"import boneage.regression, not {__name__}: that would make a second copy of every class")

from boneage.regression.age_maps import AgeMap, check_map, map_ages
from boneage.regression.augmentation import AugmentationSettings
from boneage.regression.baselines import ConstantBySex, HogRegressor
from boneage.regression.crop_spec import CROP_KINDS, CropKind, CropSpec
from boneage.regression.crops import crop_hand, crop_regions, crop_whole, recrop
from boneage.regression.estimates import AgeEstimate, merge_estimates, missing_estimate
from boneage.regression.networks.backbone import BackboneSettings
from boneage.regression.networks.bonet import BoNetSettings
from boneage.regression.networks.multiregion import MultiRegionSettings, whole_hand
from boneage.regression.occlusion import Occlusion, occlude
from boneage.regression.presets import PRESETS, for_volumes
from boneage.regression.recipes import (
    Recipe,
    aligned_hand_recipe,
    feature_recipe,
    fine_tuning_of,
    fine_tuning_recipe,
    modern_recipe,
    seed_recipe,
    whole_hand_recipe,
)
from boneage.regression.region_stack import RegionStack
from boneage.regression.regressor import AgeRegressor
from boneage.regression.regressor_settings import RegressorSettings
from boneage.regression.ridge import FeatureRidge
from boneage.regression.shape_regression import GeometryRegressor, GeometrySettings
from boneage.regression.sites import HAND_SITES, VOLUME_SITES, Site, check_sites, sites_from_json, sites_to_json

__all__ = [
    "CROP_KINDS",
    "HAND_SITES",
    "PRESETS",
    "VOLUME_SITES",
    "AgeEstimate",
    "AgeMap",
    "AgeRegressor",
    "AugmentationSettings",
    "BackboneSettings",
    "BoNetSettings",
    "ConstantBySex",
    "CropKind",
    "CropSpec",
    "FeatureRidge",
    "GeometryRegressor",
    "GeometrySettings",
    "HogRegressor",
    "MultiRegionSettings",
    "Occlusion",
    "Recipe",
    "RegionStack",
    "RegressorSettings",
    "Site",
    "aligned_hand_recipe",
    "check_map",
    "check_sites",
    "crop_hand",
    "crop_regions",
    "crop_whole",
    "feature_recipe",
    "fine_tuning_of",
    "fine_tuning_recipe",
    "for_volumes",
    "map_ages",
    "merge_estimates",
    "missing_estimate",
    "modern_recipe",
    "occlude",
    "recrop",
    "seed_recipe",
    "sites_from_json",
    "sites_to_json",
    "whole_hand",
    "whole_hand_recipe",
]
