"""The whole path from a file to an age: the pipeline, its training, and batches.

What is listed in ``__init__.pyi`` is imported when it is first used, so that ``import boneage.pipeline`` does not load
torch. The rooms: ``storage`` (model files), ``training``, ``batch``, ``pages`` (HTML), ``visualisation`` (pictures).

Examples
--------
>>> from boneage.pipeline import load_pipeline
>>> load_pipeline().modality
'xray'
"""

import lazy_loader

if __name__ != "boneage.pipeline":
    raise ImportError(f"import boneage.pipeline, not {__name__}: that would make a second copy of every class")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
