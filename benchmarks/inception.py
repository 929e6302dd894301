"""Inception-v3: images per second of gancli's network beside PyTorch's, same weights, same cores, same images.

    pip install torch==2.13.0 && pip install --no-deps torch-fidelity==0.4.0
    python benchmarks/inception.py

Both take 299 x 299 uint8 images in batches of gancli's block or of another size; torch-fidelity's network is that of
its FID. On a card the time has the way of the images to it in both.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from unittest import mock

import jax
import numpy as np
import timing
import torch
from against_torch import CARD, DEVICE, print_rates, print_versions

for unused in ("torchvision", "torchvision.transforms", "torchvision.datasets", "torchvision.transforms.functional"):
    sys.modules[unused] = mock.MagicMock()  # torch-fidelity imports it for its other networks
sys.path.insert(0, str(Path(__file__).parent.parent))
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from gancli.features.extractor import inception_v3
from tests.features.inception.torch_files import random_inception_tensors, write_torch_file

OPERATIONS = 11.4e9  # of an image: 5.7 billion multiplications and additions (Szegedy et al. 2016)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, help="images at a time; default: gancli's block")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        write_torch_file(path, random_inception_tensors())
        ours = inception_v3(path)
        theirs = FeatureExtractorInceptionV3("x", ["2048"], feature_extractor_weights_path=str(path)).to(DEVICE)
    batch = options.batch or ours.block
    images = np.random.default_rng(0).integers(0, 256, (batch, 299, 299, 3), dtype=np.uint8)
    channels_first = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    channels_last = channels_first.to(memory_format=torch.channels_last)

    def by_torch(pixels: torch.Tensor) -> None:
        with torch.inference_mode():
            theirs(pixels.to(DEVICE))
        if CARD:
            torch.cuda.synchronize()

    contenders = {
        "gancli": lambda: jax.block_until_ready(ours.apply(ours.params, jax.numpy.asarray(images))),
        "PyTorch": lambda: by_torch(channels_first),
        "PyTorch, channels last": lambda: by_torch(channels_last),
    }
    for run in contenders.values():
        run()
    timing.print_machine()
    print_versions()
    print(f"batch {batch}")
    seconds = timing.interleave(contenders, 7)
    timing.print_table(seconds, "gancli", "image", per=batch)
    print_rates(seconds, batch, lambda: batch * OPERATIONS, "float32")


if __name__ == "__main__":
    main()
