"""The whole path from a file to an age: model files, batches, reports, and the command line.

Nothing is imported here, so that ``boneage --help`` answers at once: :class:`BoneAgePipeline` lives in
``boneage.pipeline.pipeline``, its results in ``.assessment``, training in ``.training`` and ``.age_training``.
"""

if __name__ != "boneage.pipeline":
    raise ImportError(f"import boneage.pipeline, not {__name__}: that would make a second copy of every class")
