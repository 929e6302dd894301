"""A step of convolutional networks (gancli train --model dcgan or resnet) against PyTorch, in channels_last.

The same layers, batches, game, optimizer (Adam) and average of the generator's weights, on random pixels; PyTorch eager
as its examples have it, where the generator's step leaves gradients with the discriminator, too, and eager and compiled
without those. ``python benchmarks/convolutions.py dcgan``, or ``resnet``: gancli's default game, or with
``--game spectral-norm`` the published one; or ``layers``, which times the convolutions of dcgan one by one.

On a card PyTorch's CUDA graphs join in: ``python benchmarks/convolutions.py dcgan --steps 50 --batches 64,1024 --sizes
32,64 --precision bf16``. Where the game has R1 and R2, a graph of the eager step is the fastest that PyTorch has.
"""

import copy
import itertools
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch
from against_torch import (
    CARD,
    DEVICE,
    HERE,
    TITLES,
    adam,
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
from torch.nn.utils.parametrizations import spectral_norm

from gancli.compute.convolution import Geometry, convolve, transpose
from gancli.config import TrainConfig
from gancli.models import resnet
from gancli.models.dcgan import PADDING, SIZE, SLOPE, STRIDE
from gancli.models.layers.pyramid import pyramid
from gancli.recipes.resolve import resolve

SHAPES = {28: (28, 28, 1), 32: (32, 32, 3), 64: (64, 64, 3)}
MAPS = {28: (7, [128, 64, 1]), 32: (4, [256, 128, 64, 3]), 64: (4, [512, 256, 128, 64, 3])}  # side, channels from there
DATASETS = {28: "mnist", 32: "cifar10", 64: "cifar10"}  # whose defaults are taken; the pixels are random
BATCHES = (64, 128)
PUBLISHED = {"dcgan": "non-saturating", "resnet": "hinge"}  # each between spectral norms


class Block(nn.Module):
    """A residual block, as in gancli.models.resnet."""

    def __init__(self, channels: int, norm: Callable[[int], nn.Module], wrap: Callable[[nn.Module], nn.Module]):
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            convolution = wrap(nn.Conv2d(channels, channels, 3, padding=1))
            layers += [norm(channels), nn.LeakyReLU(resnet.SLOPE), convolution]
        self.branch = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.branch(x)


class Sum(nn.Module):
    """The sum over an image."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum(dim=(2, 3))


def held(config: TrainConfig) -> Callable[[nn.Module], nn.Module]:
    """Return what the game does to a layer of the discriminator."""
    return spectral_norm if "spectral-norm" in config.penalty else lambda layer: layer


def torch_resnets(config: TrainConfig, size: int) -> tuple[nn.Module, nn.Module]:
    levels = pyramid("resnet", SHAPES[size], config.base_channels)
    channels = SHAPES[size][-1]
    height, width, widest = levels[-1]
    layers: list[nn.Module] = [
        nn.Linear(config.latent_size, height * width * widest),
        nn.Unflatten(1, (widest, height, width)),
    ]
    for above, level in zip([None, *levels[:0:-1]], levels[::-1], strict=True):
        if above:
            layers += [nn.Conv2d(above.channels, level.channels, 1), nn.UpsamplingNearest2d(scale_factor=2)]
        layers += [Block(level.channels, nn.BatchNorm2d, lambda layer: layer) for _ in range(config.blocks)]
    first = levels[0].channels
    layers += [nn.BatchNorm2d(first), nn.LeakyReLU(resnet.SLOPE), nn.Conv2d(first, channels, 3, padding=1), nn.Tanh()]
    generator = nn.Sequential(*layers)
    wrap = held(config)
    layers = [wrap(nn.Conv2d(channels, first, 3, padding=1))]
    for above, level in zip([None, *levels[:-1]], levels, strict=True):
        if above:
            layers += [nn.AvgPool2d(2), wrap(nn.Conv2d(above.channels, level.channels, 1))]
        layers += [Block(level.channels, lambda _: nn.Identity(), wrap) for _ in range(config.blocks)]
    return generator, nn.Sequential(*layers, nn.LeakyReLU(resnet.SLOPE), Sum(), wrap(nn.Linear(widest, 1)))


def torch_dcgans(config: TrainConfig, size: int) -> tuple[nn.Module, nn.Module]:
    side, widths = MAPS[size]
    layers: list[nn.Module] = [
        nn.Linear(config.latent_size, side * side * widths[0]),
        nn.Unflatten(1, (widths[0], side, side)),
    ]
    for i, o in itertools.pairwise(widths):
        layers += [nn.BatchNorm2d(i), nn.ReLU(), nn.ConvTranspose2d(i, o, SIZE, STRIDE, PADDING)]
    generator = nn.Sequential(*layers, nn.Tanh())
    layers, wrap = [], held(config)
    for i, o in itertools.pairwise(widths[::-1]):
        layers += [wrap(nn.Conv2d(i, o, SIZE, STRIDE, PADDING)), nn.LeakyReLU(SLOPE)]
    return generator, nn.Sequential(*layers, nn.Flatten(), wrap(nn.Linear(side * side * widths[0], 1)))


def torch_steps(way: str, config: TrainConfig, images: np.ndarray, steps: int, *, lean: bool = True):
    torch.manual_seed(0)
    networks = (torch_resnets if config.model == "resnet" else torch_dcgans)(config, images.shape[1])
    generator, discriminator = (network.to(DEVICE, memory_format=torch.channels_last) for network in networks)
    average = copy.deepcopy(generator)
    betas = (config.momentum, 0.999)
    g_optimizer = adam(generator, config.generator_learning_rate, betas, plain=not lean)
    d_optimizer = adam(discriminator, config.discriminator_learning_rate, betas, plain=not lean)
    pixels = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).to(DEVICE, memory_format=torch.channels_last)
    size, relativistic = config.batch_size, config.loss == "relativistic"

    def latents() -> torch.Tensor:
        return torch.randn(size, config.latent_size, device=DEVICE)

    def data() -> torch.Tensor:
        return pixels[torch.randint(len(pixels), (size,), device=DEVICE)].float() / 127.5 - 1

    def generate() -> torch.Tensor:
        with computing_in(config.precision):
            return generator(latents())

    def score(x: torch.Tensor) -> torch.Tensor:
        with computing_in(config.precision):
            return discriminator(x).float()

    def d_loss() -> torch.Tensor:
        with torch.no_grad():
            both = torch.cat([data(), generate()])
        logits = score(both.requires_grad_(relativistic))
        real_logits, fake_logits = logits.split(size)
        if relativistic:  # with R1 and R2
            (slopes,) = torch.autograd.grad(logits.sum(), both, create_graph=True)
            penalty = config.penalty_weight * slopes.square().sum() / (2 * size)
            return F.softplus(fake_logits - real_logits).mean() + penalty
        if config.loss == "hinge":
            return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()
        return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()

    def g_loss() -> torch.Tensor:
        logits = score(generate())
        if relativistic:
            return F.softplus(score(data()) - logits).mean()
        return -logits.mean() if config.loss == "hinge" else F.softplus(-logits).mean()

    losses = [compile_as(way, loss) for loss in (d_loss, g_loss)]

    def step() -> None:
        for loss, optimizer in zip(losses, (d_optimizer, g_optimizer), strict=True):
            discriminator.requires_grad_(optimizer is d_optimizer or not lean)
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - config.ema_decay)

    return repeat(way, step, steps)


def compare_steps(
    settings: dict[str, object],
    size: int,
    batch: int,
    chosen: tuple[str, ...] | None,
    steps: int,
    repetitions: int,
) -> None:
    config = resolve(DATASETS[size], None, settings | {"batch_size": batch, "log_every": steps})
    images = np.random.default_rng(0).integers(0, 256, (2000, *SHAPES[size]), np.uint8)
    builders = {
        "gancli": partial(gancli_chunk, config, images, steps),
        "examples": partial(torch_steps, "eager", config, images, steps, lean=False),
    }
    for way in HERE:
        if config.loss != "relativistic" or "compile" not in TITLES[way]:  # which has no second derivatives
            builders[way] = partial(torch_steps, way, config, images, steps)
    titles = {name: f"{title}, lean" for name, title in TITLES.items()}
    titles |= {"gancli": "gancli", "examples": "PyTorch eager, as its examples"}
    shape = "x".join(map(str, SHAPES[size]))
    print(f"\n{shape}, batch {batch}" + ("" if config.precision == "float32" else f", {config.precision}"))
    runs = warm_up(builders, chosen, titles)
    seconds = interleave(runs, repetitions)
    print_table(seconds, next(iter(runs)), "step", steps)
    print_rates(seconds, steps * batch, lambda: steps * count_operations(config, images), config.precision)


def layer_runs(batch: int, side: int, inputs: int, outputs: int, *, up: bool) -> dict[str, Callable[[], object]]:
    """Forward and both gradients of one layer: gancli's, XLA's own, PyTorch's."""
    rng = np.random.default_rng(0)
    large, small = (inputs if not up else outputs), (outputs if not up else inputs)
    geometry = Geometry(2 * side, 2 * side, SIZE, STRIDE, PADDING)
    kernel = rng.normal(size=(SIZE, SIZE, large, small)).astype(np.float32)
    images = rng.normal(size=(batch, 2 * side, 2 * side, large)).astype(np.float32)
    maps = rng.normal(size=(batch, side, side, small)).astype(np.float32)
    x, slope = (maps, images) if up else (images, maps)

    def own(x: jax.Array, k: jax.Array) -> jax.Array:
        return (transpose if up else convolve)(x, k, geometry)

    def plain(x: jax.Array, k: jax.Array) -> jax.Array:
        layout = ("NHWC", "HWIO", "NHWC")
        if up:
            around, turned = (SIZE - 1 - PADDING,) * 2, k[::-1, ::-1].swapaxes(2, 3)
            return jax.lax.conv_transpose(x, turned, (STRIDE,) * 2, (around, around), dimension_numbers=layout)
        return jax.lax.conv_general_dilated(x, k, (STRIDE,) * 2, ((PADDING,) * 2,) * 2, dimension_numbers=layout)

    def all_three(function: Callable[..., jax.Array]) -> Callable[[], object]:
        program = jax.jit(lambda x, k, g: (lambda y, back: (y, back(g)))(*jax.vjp(function, x, k)))
        operands = [jnp.asarray(part) for part in (x, kernel, slope)]
        return lambda: jax.block_until_ready(program(*operands))

    def in_a_loop(function: Callable[..., jax.Array]) -> Callable[[], object]:
        """The same three products, once in a loop, as in a chunk of steps."""

        def body(_: jax.Array, operands: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            x, k, g = operands
            y, back = jax.vjp(function, x, k)
            dx, dk = back(g)
            return x + dx, k + dk, g + y

        program = jax.jit(lambda count, *operands: jax.lax.fori_loop(0, count, body, operands))
        operands = [jnp.int32(1), *(jnp.asarray(part) for part in (x, kernel, slope))]
        return lambda: jax.block_until_ready(program(*operands))

    def one_by_one(function: Callable[..., jax.Array]) -> Callable[[], object]:
        """The same three products, each a program of its own."""
        operands = [jnp.asarray(part) for part in (x, kernel, slope)]
        programs = [
            jax.jit(lambda x, k, g: function(x, k)),
            jax.jit(lambda x, k, g: jax.vjp(lambda x: function(x, k), x)[1](g)),
            jax.jit(lambda x, k, g: jax.vjp(lambda k: function(x, k), k)[1](g)),
        ]
        return lambda: [jax.block_until_ready(program(*operands)) for program in programs]

    def in_torch(array: np.ndarray, *axes: int) -> torch.Tensor:
        return torch.from_numpy(array.transpose(axes).copy()).to(DEVICE, memory_format=torch.channels_last)

    tx, tg = in_torch(x, 0, 3, 1, 2).requires_grad_(), in_torch(slope, 0, 3, 1, 2)
    tk = in_torch(kernel, 3, 2, 0, 1).requires_grad_()
    layer = F.conv_transpose2d if up else F.conv2d

    def run_torch() -> object:
        found = torch.autograd.grad(layer(tx, tk, stride=STRIDE, padding=PADDING), (tx, tk), tg)
        if CARD:
            torch.cuda.synchronize()
        return found

    return {
        "gancli": all_three(own),
        "gancli, three programs": one_by_one(own),
        "gancli, in a loop": in_a_loop(own),
        "XLA's own": all_three(plain),
        "XLA's own, in a loop": in_a_loop(plain),
        "PyTorch": run_torch,
    }


def compare_layers(repetitions: int) -> None:
    for up, (side, inputs, outputs) in itertools.product(
        (False, True), ((14, 1, 64), (7, 64, 128), (16, 3, 64), (8, 64, 128), (4, 128, 256))
    ):
        inputs, outputs = (outputs, inputs) if up else (inputs, outputs)
        runs = layer_runs(BATCHES[0], side, inputs, outputs, up=up)
        for run in runs.values():
            run()
        sides = (side, 2 * side) if up else (2 * side, side)
        print(f"\n{'transposed ' * up}convolution {sides[0]}x{sides[0]}x{inputs} to {sides[1]}x{sides[1]}x{outputs}")
        print_table(interleave(runs, repetitions), "gancli", "pass")


def main() -> None:
    parser = command_line(__doc__, steps=5, repetitions=7)
    parser.add_argument("what", choices=("dcgan", "resnet", "layers"))
    parser.add_argument("--game", choices=("own", "spectral-norm"), default="own", help="of dcgan and resnet")
    parser.add_argument("--batches", type=numbers, default=BATCHES, help="examples in a step")
    parser.add_argument("--sizes", type=numbers, default=(28, 32), help="of images: 28, 32 or 64 pixels")
    options = parser.parse_args()
    print_machine()
    print_versions()
    if options.what == "layers":
        compare_layers(options.repetitions)
    else:
        width = {"base_channels": 32} if options.what == "resnet" else {}
        game = (
            {"loss": PUBLISHED[options.what], "penalty": ("spectral-norm",)} if options.game == "spectral-norm" else {}
        )
        settings = {"model": options.what, "precision": options.precision} | width | game
        for size, batch in itertools.product(options.sizes, options.batches):
            compare_steps(settings, size, batch, options.contenders, options.steps, options.repetitions)


if __name__ == "__main__":
    main()
