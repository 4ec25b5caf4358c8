from .assessment import Assessment
from .batch.prediction_run import predict_files, predict_to_folder
from .pipeline import BoneAgePipeline, load_localiser, load_pipeline, save_localiser
from .training.age_model import train_age_model
from .training.localiser import train_localiser

__all__ = [
    "Assessment",
    "BoneAgePipeline",
    "load_localiser",
    "load_pipeline",
    "predict_files",
    "predict_to_folder",
    "save_localiser",
    "train_age_model",
    "train_localiser",
]
