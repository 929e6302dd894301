"""What a compiled step sends between devices: its collectives, read from the text of the program."""

import contextlib
import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp

from gancli.compute.mesh import DeviceMesh
from gancli.config import TrainConfig
from gancli.games.catalog import GAMES
from gancli.training.chunk import train_chunk
from gancli.training.domain import Batch, Domain
from gancli.training.feed import cursors
from gancli.training.game import Game, layout

BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8}
KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
COLLECTIVE = re.compile(rf"^(?:ROOT )?(%\S+) = (.*?) ({'|'.join(KINDS)})(-start)?\(")
ARRAY = re.compile(rf"\b({'|'.join(BYTES)})\[([\d,]*)\]")
CALLED = re.compile(r"\b(body|calls|to_apply|true_computation|false_computation)=%([^\s,]+)")
TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')
PRODUCT = re.compile(r" (dot|convolution)\(|kind=kCustom")  # the latter are fusions for XLA's library of products
BEGINS = re.compile(r"^(ENTRY )?%(\S+) \(")


@dataclass(frozen=True)
class Collective:
    """One operation that all devices take part in."""

    name: str
    kind: str
    arrays: tuple[int, ...]  # bytes of each array of the result
    starts: bool  # in the background, as against: everything waits for it

    def sent(self, devices: int, compiled_for: int) -> float:
        """Return how many bytes each device sends on a ring (Patarasuk and Yuan 2009; see NCCL's tests).

        A program for another number of devices has the same arrays, but for what is gathered: as much of each device.
        """
        size, others = sum(self.arrays), (devices - 1) / devices
        if self.kind == "all-reduce":
            return 2 * others * size
        if self.kind == "all-gather":
            return others * size * devices / compiled_for
        if self.kind == "reduce-scatter":  # the result is a part
            return others * size * devices
        return others * size if self.kind == "all-to-all" else size

    def hops(self, devices: int) -> int:
        """Return how many messages follow one another on the ring."""
        return {"all-reduce": 2 * (devices - 1), "collective-permute": 1}.get(self.kind, devices - 1)


def collectives(text: str) -> list[Collective]:
    """Return the collectives of one step: those inside of the loop over steps, each as often as it runs."""
    computations: dict[str, list[str]] = {}
    entry = name = ""
    for line in text.splitlines():
        if begins := BEGINS.match(line):
            name = begins[2]
            computations[name] = []
            entry = name if begins[1] else entry
        elif name:
            computations[name].append(line.strip())

    def found(name: str, in_loop: bool) -> Iterator[Collective]:
        for line in computations[name]:
            if (one := COLLECTIVE.match(line)) and in_loop:
                arrays = tuple(
                    BYTES[kind] * prod(map(int, filter(None, shape.split(","))))
                    for kind, shape in ARRAY.findall(one[2])
                )
                yield Collective(one[1], one[3], arrays, starts=bool(one[4]))
            elif one is None:
                trips = TRIPS.search(line) if " while(" in line else None
                for how, called in CALLED.findall(line):
                    yield from list(found(called, in_loop or how == "body")) * (int(trips[1]) if trips else 1)

    return list(found(entry, in_loop=False))


def products_until_used(text: str, name: str) -> int:
    """Return how many products and convolutions stand in the program's order between a collective and its first use."""
    lines = iter(text.splitlines())
    next(line for line in lines if line.strip().removeprefix("ROOT ").startswith(f"{name} = "))
    names, count = {name}, 0
    for line in lines:
        made, _, how = line.strip().partition(" = ")
        if names & set(re.findall(r"%[^\s,()]+", how.partition("metadata=")[0])):
            if " get-tuple-element(" not in how:
                break
            names.add(made)
        count += bool(PRODUCT.search(how))
    return count


@contextlib.contextmanager
def as_on_accelerators() -> Iterator[None]:
    """Write programs as for a GPU, which has other convolutions; they are still compiled for the CPU."""
    with mock.patch("jax.default_backend", return_value="gpu"):
        yield


def game_of(config: TrainConfig, shape: tuple[int, ...], count: int) -> Game:
    """Lay out a configured game, which has one domain or two, on ``count`` devices with a whole batch each."""
    config = dataclasses.replace(config, devices=count, batch_size=config.batch_size * count)
    entry = GAMES[config.game]
    rows = (config.batch_size,) if entry.translates else (config.k, config.batch_size)
    names = ("a", "b") if entry.translates else ("data",)
    return entry.build(config, tuple(Domain(name, shape, True, 10**6, rows) for name in names), {})


def compiled(game: Game) -> Any:
    """Compile a game's chunk for its devices, without any data."""
    mesh = DeviceMesh(game.config.devices)

    def everywhere(tree: Any) -> Any:
        return jax.tree.map(lambda one: jax.ShapeDtypeStruct(one.shape, one.dtype, sharding=mesh.each()), tree)

    data = {
        one.name: Batch(
            jax.ShapeDtypeStruct((one.num_examples, *one.shape), jnp.uint8 if one.is_images else jnp.float32),
            jax.ShapeDtypeStruct((one.num_examples,), jnp.int32),
        )
        for one in game.domains
    }
    with mesh.at_work():
        lowered = train_chunk.lower(
            game,
            everywhere(layout(game)),
            everywhere(data),
            cursors(game, 0),
            jnp.int32(0),
            capacity=game.config.log_every,
        )
        return lowered.compile()
