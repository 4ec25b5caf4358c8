"""Regions of interest around ossification sites, and the weighted CNN that reads an age from them."""

if __name__ != "boneage.regression":
    raise ImportError(f"import boneage.regression, not {__name__}: that would make a second copy of every class")

from boneage.regression.augmentation import AugmentationSettings
from boneage.regression.baselines import ConstantBySex, HogRegressor
from boneage.regression.geometry import GeometryRegressor, GeometrySettings
from boneage.regression.inputs import CUT_KINDS, CutKind, Cutting
from boneage.regression.networks.catalogue import NETWORKS
from boneage.regression.networks.multiregion import MultiRegionSettings
from boneage.regression.recipes import Recipe, modern_recipe, seed_recipe
from boneage.regression.regions import RegionStack, crop_hand, crop_regions, crop_whole
from boneage.regression.regressor import AgeEstimate, AgeRegressor, RegressorSettings
from boneage.regression.sites import HAND_SITES, Site, check_sites, sites_from_json, sites_to_json

__all__ = [
    "CUT_KINDS",
    "HAND_SITES",
    "NETWORKS",
    "AgeEstimate",
    "AgeRegressor",
    "AugmentationSettings",
    "ConstantBySex",
    "CutKind",
    "Cutting",
    "GeometryRegressor",
    "GeometrySettings",
    "HogRegressor",
    "MultiRegionSettings",
    "Recipe",
    "RegionStack",
    "RegressorSettings",
    "Site",
    "check_sites",
    "crop_hand",
    "crop_regions",
    "crop_whole",
    "modern_recipe",
    "seed_recipe",
    "sites_from_json",
    "sites_to_json",
]
