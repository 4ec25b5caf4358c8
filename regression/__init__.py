"""Regions of interest around ossification sites, and the models that estimate an age from them.

What is listed in ``__init__.pyi`` is imported when it is first used, so that cropping does not load torch. The rooms:
``networks`` (one file for each architecture), ``schemes`` (the sites, and fixed weights of regions).
"""

import lazy_loader

if __name__ != "boneage.regression":
    raise ImportError(f"import boneage.regression, not {__name__}: that would make a second copy of every class")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
