"""How a benchmark splits its images into training and test: at random in each round, in folds, or as given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from boneage.imaging import fold_ids, split_ids
from boneage.imaging.errors import InvalidInput


@dataclass(frozen=True)
class Split:
    """The images of one round, and the seed to train by.

    Those in ``validation``, if there are any, are predicted too and reported apart: for choosing among variants.
    """

    number: int
    seed: int
    train: tuple[str, ...]
    test: tuple[str, ...]
    validation: tuple[str, ...] = ()


@dataclass(frozen=True)
class RandomSplits:
    """Rounds that draw images at random, each anew.

    Parameters
    ----------
    rounds : int
    n_train, n_test : int
        Images to train on, and others to test on.
    seed : int
        Round number k, from 0, draws its images and trains by ``seed + k``.
    """

    rounds: int = 10
    n_train: int = 43
    n_test: int = 17
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("rounds", 1), ("n_train", 2), ("n_test", 1)):
            if getattr(self, name) < least:
                raise InvalidInput(f"{name} must be at least {least}, got {getattr(self, name)}")

    def split(self, ids: Sequence[str]) -> list[Split]:
        """Return the images of every round, drawn at random.

        Raises
        ------
        ValueError
            If there are fewer images than a round needs.
        """
        splits = []
        for number in range(self.rounds):
            train, test = split_ids(ids, self.n_train, self.n_test, self.seed + number)
            splits.append(Split(number, self.seed + number, tuple(train), tuple(test)))
        return splits


@dataclass(frozen=True)
class CrossValidation:
    """A round for each fold: tested on it, trained on all the others, so that every image is tested once.

    Parameters
    ----------
    folds : int
    seed : int
        Deals the images; round number k, from 0, trains by ``seed + k``.
    """

    folds: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise InvalidInput(f"folds must be at least 2, got {self.folds}")

    def split(self, ids: Sequence[str]) -> list[Split]:
        """Deal all images into folds.

        Raises
        ------
        ValueError
            If there are fewer images than folds, or fewer than two are left to train on.
        """
        smallest_training = len(ids) - -(-len(ids) // self.folds)
        if len(ids) < self.folds or smallest_training < 2:
            raise InvalidInput(f"{self.folds} folds need at least {max(self.folds, 3)} images, there are {len(ids)}")
        folds = fold_ids(ids, self.folds, self.seed)
        return [
            Split(k, self.seed + k, tuple(id_ for other in folds if other is not fold for id_ in other), tuple(fold))
            for k, fold in enumerate(folds)
        ]


@dataclass(frozen=True)
class FixedSplit:
    """One round whose images are given.

    Parameters
    ----------
    train, test, validation : tuple of str
        No id may be in two of them.
    seed : int
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    validation: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.train) < 2 or not self.test:
            raise InvalidInput(
                f"need at least 2 images to train on and 1 to test on, got {len(self.train)} and {len(self.test)}"
            )
        ids = (*self.train, *self.test, *self.validation)
        twice = [id_ for id_, count in Counter(ids).items() if count > 1]
        if twice:
            raise InvalidInput(f"{len(twice)} ids are in two of the lists, or twice in one, such as {twice[0]!r}")

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id that is asked for."""
        return (*self.train, *self.test, *self.validation)

    def split(self, ids: Sequence[str]) -> list[Split]:
        """Return the one round.

        Raises
        ------
        ValueError
            If an id that is asked for is not among ``ids``.
        """
        absent = sorted(set(self.ids) - set(ids))
        if absent:
            raise InvalidInput(f"{len(absent)} ids of the split have no image with an age, such as {absent[0]!r}")
        return [Split(0, self.seed, self.train, self.test, self.validation)]
