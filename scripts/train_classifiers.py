"""Train the classifiers whose features gancli's metrics use, and write their weights into the package.

    python scripts/train_classifiers.py [digits] [mnist] [cifar10] [--data-dir DIR]

Deterministic: the same machine and versions write the same bytes. The table in ``gancli/features/catalog.py`` holds
the SHA-256 of each file; this prints the one to put there.
"""

import argparse
import hashlib
import io
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from gancli.data.load import Dataset, load
from gancli.data.shuffle import permute
from gancli.errors import GancliError
from gancli.features.catalog import CLASSIFIERS
from gancli.features.classifier import Classifier
from gancli.files import write_atomically
from gancli.imaging.pixels import to_unit

WEIGHTS = Path(__file__).parent.parent / "gancli" / "features" / "weights"


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained: Nesterov's momentum with a cosine schedule on randomly moved images."""

    epochs: int
    batch_size: int
    learning_rate: float
    max_shift: int  # pixels in each direction
    mirror: bool
    weight_decay: float = 5e-4
    label_smoothing: float = 0.05


RECIPES = {
    "digits": Recipe(epochs=60, batch_size=64, learning_rate=0.1, max_shift=1, mirror=False),
    "mnist": Recipe(epochs=12, batch_size=128, learning_rate=0.1, max_shift=2, mirror=False),
    "cifar10": Recipe(epochs=15, batch_size=128, learning_rate=0.1, max_shift=4, mirror=True),
}


def moved(images: jax.Array, key: jax.Array, recipe: Recipe) -> jax.Array:
    """Shift each image ``[B, H, W, C]`` by a few pixels, black coming in, and mirror half of them if allowed."""
    shift_key, mirror_key = jax.random.split(key)
    reach = recipe.max_shift
    padded = jnp.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    starts = jax.random.randint(shift_key, (len(images), 2), 0, 2 * reach + 1)
    cut = jax.vmap(lambda image, at: jax.lax.dynamic_slice(image, (at[0], at[1], 0), images.shape[1:]))(padded, starts)
    if not recipe.mirror:
        return cut
    flip = jax.random.bernoulli(mirror_key, shape=(len(images), 1, 1, 1))
    return jnp.where(flip, cut[:, :, ::-1], cut)


def train(name: str, dataset: Dataset, recipe: Recipe) -> Classifier:
    entry = CLASSIFIERS[name]
    model = Classifier(entry.shape[-1], entry.widths, entry.num_classes, rngs=nnx.Rngs(0))
    graph, *states = nnx.split(model, nnx.Param, nnx.BatchStat)
    params, statistics = map(nnx.to_pure_dict, states)  # plain arrays: Variables may not change inside a loop
    steps_per_epoch = len(dataset) // recipe.batch_size
    num_steps = recipe.epochs * steps_per_epoch
    schedule = optax.warmup_cosine_decay_schedule(0.0, recipe.learning_rate, num_steps // 10, num_steps)
    optimizer = optax.chain(
        optax.add_decayed_weights(recipe.weight_decay), optax.sgd(schedule, momentum=0.9, nesterov=True)
    )
    examples, labels = jnp.asarray(dataset.examples), jnp.asarray(dataset.labels)
    key = jax.random.key(1)

    @partial(jax.jit, donate_argnums=0)
    def step(state, index):
        params, statistics, momentum = state
        epoch, index_in_epoch = jnp.divmod(index, steps_per_epoch)
        positions = index_in_epoch * recipe.batch_size + jnp.arange(recipe.batch_size)
        rows = permute(positions, jnp.full_like(positions, epoch), key, len(dataset))
        images = moved(to_unit(examples[rows]), jax.random.fold_in(key, index), recipe)
        targets = optax.smooth_labels(jax.nn.one_hot(labels[rows], entry.num_classes), recipe.label_smoothing)

        def objective(params):
            model = nnx.merge(graph, params, statistics)
            loss = optax.softmax_cross_entropy(model(images, training=True).logits, targets).mean()
            return loss, nnx.to_pure_dict(nnx.state(model, nnx.BatchStat))

        gradients, statistics = jax.grad(objective, has_aux=True)(params)
        updates, momentum = optimizer.update(gradients, momentum, params)
        return optax.apply_updates(params, updates), statistics, momentum

    state = (params, statistics, optimizer.init(params))
    began = time.perf_counter()
    for index in range(num_steps):
        state = step(state, jnp.int32(index))
        if (index + 1) % steps_per_epoch == 0:
            jax.block_until_ready(state)
            done = (index + 1) // steps_per_epoch
            print(f"{name} epoch {done}/{recipe.epochs}: {time.perf_counter() - began:.0f} s", flush=True)
    return nnx.merge(graph, *state[:2])


def accuracy(model: Classifier, dataset: Dataset) -> float:
    classify = nnx.jit(lambda model, images: model(to_unit(images)).logits.argmax(-1))
    parts = np.array_split(np.arange(len(dataset)), max(len(dataset) // 500, 1))
    right = sum(
        int((np.asarray(classify(model, dataset.examples[rows])) == dataset.labels[rows]).sum()) for rows in parts
    )
    return right / len(dataset)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RECIPES)}; all by default")
    parser.add_argument("--data-dir", type=Path)
    arguments = parser.parse_args()
    for name in arguments.names or RECIPES:
        model = train(name, load(name, "train", arguments.data_dir), RECIPES[name])
        for split in ("train", "validation", "test"):
            try:
                share = accuracy(model, load(name, split, arguments.data_dir))
            except GancliError as error:
                print(f"{name} {split}: {error}")
            else:
                print(f"{name} {split} accuracy: {share:.2%}")
        flat = nnx.to_flat_state(nnx.state(model, (nnx.Param, nnx.BatchStat)))
        arrays = {".".join(map(str, path)): np.asarray(value[...]) for path, value in flat}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        path = WEIGHTS / f"{CLASSIFIERS[name].identity}.npz"
        write_atomically(path, buffer.getvalue())
        print(f"{path.name}: {len(buffer.getvalue()):,} bytes, SHA-256 {hashlib.sha256(buffer.getvalue()).hexdigest()}")


if __name__ == "__main__":
    main()
