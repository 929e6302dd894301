"""A WGAN-GP step on the default networks for MNIST: gancli against PyTorch.

The same layers, batch, dropout, noise, penalty and optimizer (Adam), an average of the generator's weights; beside
both, what the penalty adds to the same step without it. ``python benchmarks/wgan_gp.py``
"""

import copy
import dataclasses
import itertools
from functools import partial

import numpy as np
import torch
from against_torch import Maxout, compare_steps
from chunks import gancli_chunk
from torch import nn

from gancli.recipes.resolve import resolve

CONFIG = resolve("mnist", None, {"loss": "wasserstein", "log_every": 50})
IMAGES = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28, 1), np.uint8)
BATCH, LATENT = CONFIG.batch_size, CONFIG.latent_size


def torch_steps(steps: int, *, penalty: bool):
    torch.manual_seed(0)
    widths = (LATENT, *CONFIG.generator_widths)
    layers = [part for i, o in itertools.pairwise(widths) for part in (nn.Linear(i, o), nn.ReLU())]
    generator = nn.Sequential(*layers, nn.Linear(widths[-1], 784), nn.Sigmoid())
    widths = (784, *CONFIG.discriminator_widths)
    (rate,) = CONFIG.hidden_dropout
    layers = [
        part for i, o in itertools.pairwise(widths) for part in (Maxout(i, o, CONFIG.maxout_pieces), nn.Dropout(rate))
    ]
    critic = nn.Sequential(*layers, nn.Linear(widths[-1], 1))
    average = copy.deepcopy(generator)
    betas = (CONFIG.momentum, 0.999)
    g_optimizer = torch.optim.Adam(generator.parameters(), CONFIG.generator_learning_rate, betas, foreach=True)
    d_optimizer = torch.optim.Adam(critic.parameters(), CONFIG.discriminator_learning_rate, betas, foreach=True)
    images = torch.from_numpy(IMAGES.reshape(-1, 784))

    def noisy(x: torch.Tensor) -> torch.Tensor:
        return x + CONFIG.instance_noise * torch.randn_like(x)

    def latents() -> torch.Tensor:
        return (torch.rand(BATCH, LATENT) * 2 - 1) * 3**0.5

    def run() -> None:
        for _ in range(steps):
            real = noisy(images[torch.randint(len(images), (BATCH,))].float() / 255)
            with torch.no_grad():
                fake = noisy(generator(latents()))
            scores = critic(torch.cat([real, fake]))
            loss = scores[BATCH:].mean() - scores[:BATCH].mean()
            if penalty:
                between = torch.lerp(real, fake, torch.rand(BATCH, 1)).requires_grad_()
                (slopes,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
                loss = loss + CONFIG.penalty_weight * ((slopes.norm(dim=1) - 1) ** 2).mean()
            d_optimizer.zero_grad()
            loss.backward()
            d_optimizer.step()
            critic.requires_grad_(False)  # no gradient that nobody asks for
            g_optimizer.zero_grad()
            (-critic(noisy(generator(latents()))).mean()).backward()
            g_optimizer.step()
            critic.requires_grad_(True)
            with torch.no_grad():
                torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - CONFIG.ema_decay)

    return run


if __name__ == "__main__":
    contenders = {
        "gancli": partial(gancli_chunk, CONFIG, IMAGES),
        "gancli, clipping instead": partial(gancli_chunk, dataclasses.replace(CONFIG, penalty=("clip",)), IMAGES),
        "PyTorch eager": partial(torch_steps, penalty=True),
        "PyTorch eager, no penalty": partial(torch_steps, penalty=False),
    }
    compare_steps(__doc__, contenders, BATCH)
