from .age_maps import AgeMap, find_smallest_side, map_ages, map_regions
from .augmentation import AugmentationSettings
from .baselines import ConstantBySex, HogRegressor
from .bias_correction import BiasCorrection, fit_bias_correction
from .calibration import Calibration
from .calibration_fitting import fit_calibration
from .calibration_hands import CalibrationHands
from .crop_spec import CROP_KINDS, CropKind, CropSpec
from .crops import crop_hand, crop_regions, crop_whole, recrop
from .estimates import AgeEstimate, AgeInterval, merge_estimates, missing_estimate
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
    "AgeInterval",
    "AgeMap",
    "AgeRegressor",
    "AugmentationSettings",
    "BackboneSettings",
    "BiasCorrection",
    "BoNetSettings",
    "Calibration",
    "CalibrationHands",
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
    "check_sites",
    "crop_hand",
    "crop_regions",
    "crop_whole",
    "feature_recipe",
    "find_smallest_side",
    "fine_tuning_of",
    "fine_tuning_recipe",
    "fit_bias_correction",
    "fit_calibration",
    "for_volumes",
    "map_ages",
    "map_regions",
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
