"""The paper's MNIST step: gancli against PyTorch (eager and compiled) and against its bare matrix products.

The same networks, batch, dropout, losses and optimiser (the preset goodfellow2014-mnist): both players' gradients on the
same samples, momentum, an average of the generator's weights. ``python benchmarks/training_step.py``
"""

import argparse
import copy
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
import timing
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from gancli import devices
from gancli.presets import resolve
from gancli.training.gan import GAN
from gancli.training.loop import compile_chunk
from gancli.training.step import Cursor

CONFIG = resolve("mnist", "goodfellow2014-mnist", {"log_every": 50})
BATCH, LATENT = CONFIG.batch_size, CONFIG.latent_size
IMAGES = np.random.default_rng(0).integers(0, 256, (50_000, 28, 28, 1), np.uint8)


def gancli_chunk(steps: int):
    devices.keep_compiled_programs()
    gan = GAN.build(CONFIG, (28, 28, 1), True, len(IMAGES))
    data = jax.device_put(IMAGES)
    state = gan.init(IMAGES.mean(0) / 255)
    chunk = compile_chunk(gan, state, data)
    box = {"state": state, "step": 0}

    def run() -> None:
        cursor = Cursor.at(box["step"], gan)
        box["state"], report = chunk(box["state"], data, cursor, jnp.int32(steps))
        box["step"] += steps
        jax.block_until_ready(report)

    return run


class Maxout(nn.Module):
    def __init__(self, inputs: int, units: int, pieces: int):
        super().__init__()
        self.linear, self.units, self.pieces = nn.Linear(inputs, units * pieces), units, pieces

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).view(-1, self.pieces, self.units).amax(dim=1)


def torch_steps(steps: int, *, compiled: bool):
    torch.manual_seed(0)
    generator = nn.Sequential(
        *(nn.Linear(LATENT, 1200), nn.ReLU(), nn.Linear(1200, 1200), nn.ReLU(), nn.Linear(1200, 784), nn.Sigmoid())
    )
    discriminator = nn.Sequential(
        *(
            nn.Dropout(0.2),
            Maxout(784, 240, 5),
            nn.Dropout(0.5),
            Maxout(240, 240, 5),
            nn.Dropout(0.5),
            nn.Linear(240, 1),
        )
    )
    average = copy.deepcopy(generator)
    players = (generator, discriminator)
    optimizers = [torch.optim.SGD(p.parameters(), lr, momentum=0.5) for p, lr in zip(players, (0.1, 0.05), strict=True)]
    images = torch.from_numpy(IMAGES.reshape(-1, 784))

    def step() -> torch.Tensor:
        real = images[torch.randint(len(images), (BATCH,))].float() / 255
        z = (torch.rand(BATCH, LATENT) * 2 - 1) * 3**0.5
        fake = generator(z)
        real_logits, fake_logits = discriminator(real), discriminator(fake)
        d_loss = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
        g_loss = F.softplus(-fake_logits).mean()
        # One forward pass for both losses, as the authors' code and gancli do.
        d_grads = torch.autograd.grad(d_loss, list(discriminator.parameters()), retain_graph=True)
        g_grads = torch.autograd.grad(g_loss, list(generator.parameters()))
        for player, grads in zip(players, (g_grads, d_grads), strict=True):
            for parameter, grad in zip(player.parameters(), grads, strict=True):
                parameter.grad = grad
        return d_loss

    run_step = torch.compile(step) if compiled else step

    def run() -> None:
        for _ in range(steps):
            run_step()
            for optimizer in optimizers:
                optimizer.step()
            with torch.no_grad():
                torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - 0.9995)

    return run


def bare_products(steps: int):
    """The matrix products that no implementation of this step can do without, in XLA, and nothing else."""
    layers_g = [(LATENT, 1200), (1200, 1200), (1200, 784)]
    layers_d = [(784, 1200), (240, 1200), (240, 1)]
    key = jax.random.key(0)
    weights = [jax.random.normal(key, shape) * 0.01 for shape in layers_g + layers_d]
    inputs = {n: jax.random.normal(key, (BATCH, n)) for n in {LATENT, 1200, 784, 240, 1}}

    def products(scale: jax.Array) -> jax.Array:
        total = jnp.float32(0)

        def use(product: jax.Array) -> None:
            nonlocal total
            total += product[0, 0]  # keeps the product alive; XLA does not narrow a dot to one element here

        for index, (rows, columns) in enumerate(layers_g + layers_d):
            x, g, w = inputs[rows] * scale, inputs[columns] * scale, weights[index]
            is_d = index >= len(layers_g)
            use(jax.lax.optimization_barrier(x @ w))  # forward (samples)
            use(jax.lax.optimization_barrier(x.T @ g))  # weight gradient (samples)
            if index > 0:  # input gradient: all but G's first layer
                use(jax.lax.optimization_barrier(g @ w.T))
            if is_d:
                use(jax.lax.optimization_barrier((x + 1) @ w))  # forward (real)
                use(jax.lax.optimization_barrier((x + 1).T @ g))  # weight gradient (real)
                if index > len(layers_g):  # input gradient within D: of the real batch, and of D's loss on samples
                    use(jax.lax.optimization_barrier((g + 1) @ w.T))
                    use(jax.lax.optimization_barrier((g + 2) @ w.T))
        return total

    @jax.jit
    def loop(scale: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, steps, lambda i, s: 1.0 + 1e-30 * products(s), scale)

    loop(jnp.float32(1)).block_until_ready()
    return lambda: loop(jnp.float32(1)).block_until_ready()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=25, help="steps per repetition")
    parser.add_argument("--repetitions", type=int, default=11)
    options = parser.parse_args()
    contenders = {
        "gancli": gancli_chunk(options.steps),
        "bare matrix products (XLA)": bare_products(options.steps),
        "PyTorch eager": torch_steps(options.steps, compiled=False),
        "PyTorch torch.compile": torch_steps(options.steps, compiled=True),
    }
    for run in contenders.values():
        run()  # compile and warm up
    timing.print_machine()
    print(f"jax {version('jax')}, torch {version('torch')}, {torch.get_num_threads()} torch threads; batch {BATCH}")
    timing.print_table(timing.interleave(contenders, options.repetitions), "gancli", "step", options.steps)


if __name__ == "__main__":
    main()
