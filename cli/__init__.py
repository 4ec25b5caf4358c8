"""The ``boneage`` command: parse options, call one function each, show progress. Nothing else."""

if __name__ != "boneage.cli":
    raise ImportError(f"import boneage.cli, not {__name__}: that would make a second copy of every class")
