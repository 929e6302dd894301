"""The step of CycleGAN: gancli against PyTorch eager, with the same networks, losses, history and optimizer.

    python benchmarks/translation.py --batch 1
    python benchmarks/translation.py --batch 8

Images of 64 pixels, the default networks of `--game cycle`: two translators (32 channels, 4 residual blocks) and two
discriminators of patches. PyTorch's step is written as the authors' code does it (Zhu et al. 2017): both translators
move first, then both discriminators, on translations of the history in half of the cases.
"""

import itertools
import random
from collections.abc import Callable

import numpy as np
import torch
from against_torch import CARD, DEVICE, adam, command_line, print_versions
from chunks import chunks_of
from timing import interleave, print_machine, print_table
from torch import nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)
from torch.optim import swa_utils

from gancli.compute import devices
from gancli.config import TrainConfig
from gancli.games.catalog import GAMES
from gancli.recipes.resolve import resolve
from gancli.training.domain import Domain

SIDE, COUNT = 64, 200
IMAGES = {name: np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8) for name in ("a", "b")}


def gancli_steps(config: TrainConfig, steps: int) -> Callable[[], None]:
    """Return what takes so many steps, on as many devices as the command would take."""
    count = devices.choose(0, even=config.batch_size % 2 == 0, convolves=True)
    domains = tuple(Domain(name, one.shape[1:], True, COUNT, (config.batch_size,)) for name, one in IMAGES.items())
    game = GAMES["cycle"].build(TrainConfig.from_dict(config.to_dict() | {"devices": count}), domains, {})
    return chunks_of(game, IMAGES, steps)


def layer(inputs: int, outputs: int, size: int, stride: int = 1, padding: int = 0) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, size, stride, padding), nn.InstanceNorm2d(outputs), nn.ReLU(inplace=True)]


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        pad = nn.ReflectionPad2d(1)
        self.branch = nn.Sequential(pad, *layer(width, width, 3), pad, *layer(width, width, 3)[:2])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.branch(x)


def translator(config: TrainConfig) -> nn.Module:
    width = config.base_channels
    up = []
    for inputs, outputs in ((4 * width, 2 * width), (2 * width, width)):
        up += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.InstanceNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(
        *(nn.ReflectionPad2d(3), *layer(3, width, 7)),
        *(*layer(width, 2 * width, 3, 2, 1), *layer(2 * width, 4 * width, 3, 2, 1)),
        *(Block(4 * width) for _ in range(config.blocks)),
        *(*up, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()),
    ).to(DEVICE)


def discriminator(config: TrainConfig) -> nn.Module:
    width, strided = config.base_channels, 2  # as gancli's at 64 pixels
    widths = [3, *(width * 2**place for place in range(strided + 1))]
    layers: list[nn.Module] = []
    for place, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        layers.append(nn.Conv2d(inputs, outputs, 4, 2 if place < strided else 1, 1))
        layers += ([nn.InstanceNorm2d(outputs)] if place else []) + [nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1)).to(DEVICE)


class Pool:
    """The authors' history of translations."""

    def __init__(self, size: int):
        self.size, self.images = size, []

    def query(self, images: torch.Tensor) -> torch.Tensor:
        found = []
        for one in images.detach():
            if len(self.images) < self.size:
                self.images.append(one)
            elif random.random() < 0.5:
                place = random.randrange(self.size)
                self.images[place], one = one, self.images[place]
            found.append(one)
        return torch.stack(found)


def torch_steps(config: TrainConfig, steps: int) -> Callable[[], None]:
    """Return what takes so many steps in PyTorch, eager."""
    torch.manual_seed(0)
    makers, critics = [translator(config) for _ in "ab"], [discriminator(config) for _ in "ab"]  # to b, to a; of a, b
    rates = config.generator_learning_rate, config.discriminator_learning_rate
    betas = config.momentum, config.beta2
    optimizers = [
        adam(nn.ModuleList(players), rate, betas) for players, rate in zip((makers, critics), rates, strict=True)
    ]
    averaging = swa_utils.get_ema_multi_avg_fn(config.ema_decay)
    averages = [swa_utils.AveragedModel(one, multi_avg_fn=averaging) for one in makers]
    pools = [Pool(config.history) for _ in "ab"]
    data = [torch.from_numpy(one).permute(0, 3, 1, 2).contiguous().to(DEVICE) for one in IMAGES.values()]

    def step() -> None:
        a, b = (one[torch.randint(COUNT, (config.batch_size,), device=DEVICE)].float() / 127.5 - 1 for one in data)
        for critic in critics:
            critic.requires_grad_(False)
        in_b, in_a = makers[0](a), makers[1](b)
        loss = sum(((critic(fake) - 1) ** 2).mean() / 2 for critic, fake in zip(critics, (in_a, in_b), strict=True))
        loss = loss + config.cycle_weight * (F.l1_loss(makers[1](in_b), a) + F.l1_loss(makers[0](in_a), b))
        loss = loss + config.identity_weight * (F.l1_loss(makers[0](b), b) + F.l1_loss(makers[1](a), a))
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        for critic in critics:
            critic.requires_grad_(True)
        optimizers[1].zero_grad()
        for critic, pool, real, fake in zip(critics, pools, (a, b), (in_a, in_b), strict=True):
            seen = pool.query(fake)
            (((critic(real) - 1) ** 2).mean() / 2 + (critic(seen) ** 2).mean() / 2).backward()
        optimizers[1].step()
        for average, maker in zip(averages, makers, strict=True):
            average.update_parameters(maker)

    def run() -> None:
        for _ in range(steps):
            step()
        if CARD:
            torch.cuda.synchronize()

    return run


def main() -> None:
    parser = command_line(__doc__, steps=10, repetitions=7)
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    config = resolve("cifar10", None, {"game": "cycle", "batch_size": options.batch, "log_every": options.steps})
    runs = {"gancli": gancli_steps(config, options.steps), "PyTorch eager": torch_steps(config, options.steps)}
    for run in runs.values():
        run()
    print_machine()
    print_versions()
    print(f"batch {options.batch}")
    print_table(interleave(runs, options.repetitions), "gancli", "step", options.steps)


if __name__ == "__main__":
    main()
