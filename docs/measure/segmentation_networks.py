"""Compare networks that outline ossification centres: the U-Net from nothing, and one on a pretrained encoder.

Usage: python docs/measure/segmentation_networks.py IMAGES MASKS SIZES HANDS OUT [PASSES]

IMAGES is a folder, MASKS one with bones/ID.png and joints/ID.png, SIZES a table of the originals' sizes. The hands are
those that the shipped segmenter was trained on, and those with masks that neither it nor its choice saw to measure on.
HANDS keeps prepared hands, OUT the state of interrupted trainings. The encoder is EfficientNet-Lite0 as ImageNet taught
it (boneage[pretrained]); its rate of learning is that of the age models on the same network. Prints a table in
Markdown, and the Dice coefficient after each pass: over the hands and kinds, in the network's pixels.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from boneage.pipeline.centres import CentreModel, centre_crop_spec
from boneage.pipeline.data import load_collection
from boneage.pipeline.storage.shipped_model import shipped_segmenter
from boneage.pipeline.training.masks import MaskFolder
from boneage.pipeline.training.segmenter import SegmenterTrainingOptions, pack_hands, prepare_masked_hands
from boneage.regression.networks.efficientnet_lite import EfficientNetLite0
from boneage.regression.networks.weights import load_pretrained
from boneage.regression.recipes import Recipe, segmentation_recipe
from boneage.regression.segmentation.segmenter import KINDS, MaskedHands, SegmentationLoop
from boneage.regression.segmentation.unet import UNet, UNetSettings, convolve
from boneage.regression.training_loop import run_training

ENDS = (1, 3, 5, 11)  # blocks of Lite0 after which its maps have 1/2, 1/4, 1/8 and 1/16 of the picture's size
WIDTHS = (16, 24, 40, 112)  # of these maps
SIDES = (160, 160, 160, 320)  # of the pictures in the course of a training: a pass at half the size costs a quarter


class EncoderUNet(UNet):
    """Our U-Net with EfficientNet-Lite0 for its way down."""

    def __init__(self) -> None:
        settings = UNetSettings()
        super().__init__(settings, len(KINDS))
        del self.stem, self.levels, self.widen
        self.encoder = EfficientNetLite0("stage5")
        load_pretrained(self.encoder)
        self.narrow = nn.ModuleList(convolve(width, n) for width, n in zip(WIDTHS, settings.channels, strict=True))

    def compute_levels(self, pictures: Tensor) -> list[Tensor]:
        """Return the maps of each level, the largest first."""
        maps = [maps for number, maps in enumerate(self.encoder.compute_block_maps(pictures), 1) if number in ENDS]
        return [narrow(level) for narrow, level in zip(self.narrow, maps, strict=True)]


def main(images: Path, masks: Path, sizes: Path, kept: Path, out: Path, passes: int = 8) -> None:
    """Train both, and print what came out."""
    shipped = CentreModel.load(shipped_segmenter())
    folder, collection = MaskFolder.open(masks), load_collection([images], sizes=sizes)
    trained, chosen = set(shipped.summary["ids"]), set(shipped.summary["validation_ids"])
    options = SegmenterTrainingOptions(crop_spec=centre_crop_spec(), jobs=2)
    prepared = prepare_masked_hands(collection, folder, options, cache=kept)
    hands = pack_hands(prepared.hands)
    training, others = hands.among(trained), hands.among(set(hands.ids) - trained - chosen)
    recipe = dataclasses.replace(segmentation_recipe(), epochs=passes, sides=SIDES)
    slower = dataclasses.replace(recipe, learning_rate=1e-3)
    print(f"{len(training)} hands to train on, {len(others)} to measure on, {passes} passes")
    print("\n| network | weights | Dice | seconds a pass | ms a hand, one core |\n|---|---|---|---|---|")
    curves = []
    for name, make, its in (
        ("U-Net", lambda: UNet(UNetSettings(), len(KINDS)), recipe),
        ("on Lite0 from ImageNet", EncoderUNet, slower),
    ):
        torch.manual_seed(0)
        network = make()
        dices, seconds = fit(network, training, others, its, out / f"{name.replace(' ', '-')}.ckpt")
        n_weights = sum(parameter.numel() for parameter in network.parameters()) / 1e6
        cost = time_one(network, hands.pixels.shape[-1])
        print(f"| {name} | {n_weights:.2f} million | {dices[-1]:.3f} | {seconds:.0f} | {1000 * cost:.0f} |", flush=True)
        curves.append(f"{name}: {', '.join(f'{dice:.3f}' for dice in dices)}")
    print("\n" + "\n".join(curves))


def fit(
    network: nn.Module, training: MaskedHands, others: MaskedHands, recipe: Recipe, checkpoint: Path
) -> tuple[list[float], float]:
    """Train a network in place, and return the Dice coefficient after each pass and the seconds of a pass."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    loop = SegmentationLoop(network, recipe, training.ids, 0, others)
    started = time.perf_counter()
    history = run_training(loop, training.to_tensors(), stage="segmenter", checkpoint=checkpoint)
    seconds = time.perf_counter() - started
    return [1 - (result.validation_error or 0.0) for result in history], seconds / recipe.epochs


def time_one(network: nn.Module, side: int) -> float:
    """Return the seconds that the outlines of one hand take one core."""
    n_threads, picture, seconds = torch.get_num_threads(), torch.rand(1, 1, side, side), []
    torch.set_num_threads(1)
    network.eval()
    with torch.inference_mode():
        for _ in range(10):
            started = time.process_time()
            network(picture)
            seconds.append(time.process_time() - started)
    torch.set_num_threads(n_threads)
    return float(np.median(seconds))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:6]), *map(int, sys.argv[6:]))
