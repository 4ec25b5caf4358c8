from .age_maps import AgeMap, check_map, map_ages
from .augmentation import AugmentationSettings
from .baselines import ConstantBySex, HogRegressor
from .crop_spec import CROP_KINDS, CropKind, CropSpec
from .crops import crop_hand, crop_regions, crop_whole, recrop
from .estimates import AgeEstimate, merge_estimates, missing_estimate
from .networks.backbone import BackboneSettings
from .networks.bonet import BoNetSettings
from .networks.multiregion import MultiRegionSettings, whole_hand
from .occlusion import Occlusion, occlude
from .presets import PRESETS, for_volumes
from .recipes import (
    Recipe,
    aligned_hand_recipe,
    feature_recipe,
    fine_tuning_of,
    fine_tuning_recipe,
    modern_recipe,
    seed_recipe,
    whole_hand_recipe,
)
from .region_stack import RegionStack
from .regressor import AgeRegressor
from .regressor_settings import RegressorSettings
from .ridge import FeatureRidge
from .shape_regression import GeometryRegressor, GeometrySettings
from .sites import HAND_SITES, VOLUME_SITES, Site, check_sites, sites_from_json, sites_to_json

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
