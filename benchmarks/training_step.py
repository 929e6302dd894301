"""The paper's MNIST step: gancli against PyTorch (eager and compiled) and against its bare matrix products.

The same networks, batch, dropout, losses and optimizer (the preset goodfellow2014-mnist): both players' gradients on
the same samples, momentum, an average of the generator's weights. ``python benchmarks/training_step.py``

On a card PyTorch's CUDA graphs join in: ``python benchmarks/training_step.py --batches 100,1024 --steps 100``
"""

import copy
import dataclasses
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch
from against_torch import (
    DEVICE,
    HERE,
    TITLES,
    Maxout,
    command_line,
    compile_as,
    computing_in,
    numbers,
    print_rates,
    print_versions,
    repeat,
    warm_up,
)
from chunks import count_operations, gancli_chunk
from timing import interleave, print_machine, print_table
from torch import nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from gancli.config import TrainConfig
from gancli.recipes.resolve import resolve

CONFIG = resolve("mnist", "goodfellow2014-mnist", {"log_every": 50})
LATENT = CONFIG.latent_size
IMAGES = np.random.default_rng(0).integers(0, 256, (50_000, 28, 28, 1), np.uint8)


def torch_steps(way: str, config: TrainConfig, steps: int) -> Callable[[], None]:
    torch.manual_seed(0)
    batch = config.batch_size
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
    players = (generator.to(DEVICE), discriminator.to(DEVICE))
    average = copy.deepcopy(generator)
    optimizers = [torch.optim.SGD(p.parameters(), lr, momentum=0.5) for p, lr in zip(players, (0.1, 0.05), strict=True)]
    images = torch.from_numpy(IMAGES.reshape(-1, 784)).to(DEVICE)

    def gradients() -> torch.Tensor:
        real = images[torch.randint(len(images), (batch,), device=DEVICE)].float() / 255
        z = (torch.rand(batch, LATENT, device=DEVICE) * 2 - 1) * 3**0.5
        with computing_in(config.precision):
            fake = generator(z)
            real_logits, fake_logits = discriminator(real), discriminator(fake)
        real_logits, fake_logits = real_logits.float(), fake_logits.float()
        d_loss = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
        g_loss = F.softplus(-fake_logits).mean()
        # One forward pass for both losses, as the authors' code and gancli do.
        d_grads = torch.autograd.grad(d_loss, list(discriminator.parameters()), retain_graph=True)
        g_grads = torch.autograd.grad(g_loss, list(generator.parameters()))
        for player, grads in zip(players, (g_grads, d_grads), strict=True):
            for parameter, grad in zip(player.parameters(), grads, strict=True):
                parameter.grad = grad
        return d_loss

    run_gradients = compile_as(way, gradients)

    def step() -> None:
        run_gradients()
        for optimizer in optimizers:
            optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - 0.9995)

    return repeat(way, step, steps)


def bare_products(batch: int, steps: int) -> Callable[[], object]:
    """The step's matrix products in XLA, in the order in which they need each other, and nothing else.

    No activation, dropout, loss, optimizer or average; a maxout layer is its product, of which the first piece goes on.
    """
    key = jax.random.key(0)
    shapes = {"g1": (LATENT, 1200), "g2": (1200, 1200), "g3": (1200, 784), "d1": (784, 1200), "d2": (240, 1200)}
    weights = {name: jax.random.normal(key, shape) * 0.02 for name, shape in (shapes | {"d3": (240, 1)}).items()}
    z, real = jax.random.normal(key, (batch, LATENT)), jax.random.normal(key, (batch, 784))

    def wide(gradient: jax.Array) -> jax.Array:
        return jnp.tile(gradient, (1, 5))  # a maxout layer's gradient is as wide as its pieces

    def products(w: dict[str, jax.Array], scale: jax.Array) -> list[jax.Array]:
        h1 = (z * scale) @ w["g1"]
        h2 = h1 @ w["g2"]
        fake = h2 @ w["g3"]
        results = []
        for x in (real, fake):
            m1 = (x @ w["d1"])[:, :240]
            m2 = (m1 @ w["d2"])[:, :240]
            logit = m2 @ w["d3"]
            for loss in ("d", "g") if x is fake else ("d",):
                top = logit * (2.0 if loss == "g" else 1.0)
                s2 = wide(top @ w["d3"].T)
                s1 = wide(s2 @ w["d2"].T)
                if loss == "d":
                    results += [m2.T @ top, m1.T @ s2, x.T @ s1]
                else:
                    s0 = s1 @ w["d1"].T
                    t2 = s0 @ w["g3"].T
                    results += [h2.T @ s0, h1.T @ t2, (z * scale).T @ (t2 @ w["g2"].T)]
        return results

    @jax.jit
    def loop(w: dict[str, jax.Array], scale: jax.Array) -> jax.Array:
        def body(_: jax.Array, scale: jax.Array) -> jax.Array:
            results = jax.lax.optimization_barrier(products(w, scale))
            return 1.0 + 1e-30 * sum(result[0, 0] for result in results)

        return jax.lax.fori_loop(0, steps, body, scale)

    return lambda: loop(weights, jnp.float32(1)).block_until_ready()


def compare(batch: int, precision: str, chosen: tuple[str, ...] | None, steps: int, repetitions: int) -> None:
    config = dataclasses.replace(CONFIG, batch_size=batch, precision=precision, log_every=max(steps, CONFIG.log_every))
    builders = {"gancli": partial(gancli_chunk, config, IMAGES, steps)}
    if precision == "float32":
        builders["bare"] = partial(bare_products, batch, steps)
    builders |= {way: partial(torch_steps, way, config, steps) for way in HERE}
    titles = TITLES | {"gancli": "gancli", "bare": "bare matrix products (XLA)"}
    runs = warm_up(builders, chosen, titles)
    print(f"batch {batch}" if precision == "float32" else f"batch {batch}, {precision}")
    seconds = interleave(runs, repetitions)
    print_table(seconds, next(iter(runs)), "step", steps)
    print_rates(seconds, steps * batch, lambda: steps * count_operations(config, IMAGES), precision)


def main() -> None:
    parser = command_line(__doc__, steps=25, repetitions=11)
    parser.add_argument("--batches", type=numbers, default=(CONFIG.batch_size,), help="examples in a step")
    options = parser.parse_args()
    print_machine()
    print_versions()
    for batch in options.batches:
        compare(batch, options.precision, options.contenders, options.steps, options.repetitions)


if __name__ == "__main__":
    main()
