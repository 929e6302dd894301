"""``gancli export`` of a run that translates: its translators for other people and other programs."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.data.two_domains import LETTERS, domain_names
from gancli.games.translates import Translates, Translators, goes_to_classes
from gancli.runs.exported import TRANSLATORS, write_translators
from gancli.runs.folder import LIKENESS, RunRecord
from gancli.runs.trained import Trained
from gancli.training.state import Params
from gancli.workflows.citations import citations

PICTURE, CARD = "translations.png", "README.md"
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


def write(part: Path, trained: Trained, record: RunRecord, formats: tuple[str, ...], measured: dict[str, Any]) -> None:
    """Write weights, functions, a picture and the card of a run that translates into a folder.

    Args:
        part: the folder, which exists.
        trained: the run.
        record: what others may know of it.
        formats: names of what is written.
        measured: values and protocols by metric, for the card.

    Raises:
        GancliError: something cannot be written.
    """
    translators = Translators.of(trained.game, trained.weights)
    own = {way.player.name: weights for way, weights in zip(translators.ways, translators.weights, strict=True)}
    write_translators(part / TRANSLATORS, own, trained.step, ema=trained.ema)
    if (likeness := trained.run.folder / LIKENESS).exists():
        (part / LIKENESS).write_bytes(likeness.read_bytes())
    files = _files(trained)
    if "stablehlo" in formats:
        for name, way, weights in zip(files, translators.ways, translators.weights, strict=True):
            (part / name).write_bytes(stablehlo(way, weights))
    pictures = trained.run.samples()
    if pictures:
        (part / PICTURE).write_bytes(pictures[max(pictures)].read_bytes())
    card = _card(trained, record, files if "stablehlo" in formats else (), measured, pictured=bool(pictures))
    (part / CARD).write_text(card)


def stablehlo(way: Translates, weights: Params) -> bytes:
    """Return the function from images to their translations, serialized, weights inside.

    Images are float32 ``[b, H, W, C]`` in [0, 1], of any number and of any size whose sides the network takes. That of
    a translator with noise also takes a seed, uint32 ``[]``; that of one to classes labels of these, int32 ``[b]``.
    """
    multiple, smallest = _sides(way, weights)

    def translated(images: jax.Array, other: jax.Array | None = None) -> jax.Array:
        key = jax.random.key(other) if other is not None and way.has_noise else None
        classes = way.target.one_hot(other) if other is not None and way.num_classes else None
        return way.target.show(way.translate(weights, way.source.to_model(images), key=key, classes=classes))

    least = -(-smallest // multiple)
    batch, height, width = jax.export.symbolic_shape("b, h, w", constraints=(f"h >= {least}", f"w >= {least}"))
    shape = (batch, multiple * height, multiple * width, way.source.shape[-1])
    inputs = (jax.ShapeDtypeStruct(shape, jnp.float32),)
    inputs += (jax.ShapeDtypeStruct((), jnp.uint32),) if way.has_noise else ()
    inputs += (jax.ShapeDtypeStruct((batch,), jnp.int32),) if way.num_classes else ()
    return bytes(jax.export.export(jax.jit(translated), platforms=PLATFORMS)(*inputs).serialize())


def _sides(way: Translates, weights: Params) -> tuple[int, int]:
    """Return what the sides of images are multiples of, and the least of them."""
    network: Any = way.player.network(weights)
    return getattr(network, "multiple", 1), getattr(network, "smallest", 1)


def _files(trained: Trained) -> tuple[str, ...]:
    """Return the names of the functions, by way: ``a_to_b.stablehlo``."""
    if goes_to_classes(trained.game):
        return ("to_class.stablehlo",)
    names = domain_names(trained.game.config)
    first, second = (name.lower() for name in (names if set(names) == set(LETTERS) else LETTERS))
    ways = ((first, second), (second, first))
    return tuple(
        f"{source}_to_{target}.stablehlo"
        for (source, target), _ in zip(ways, Translators.of(trained.game, trained.weights).ways, strict=False)
    )


def _card(
    trained: Trained, record: RunRecord, files: tuple[str, ...], measured: dict[str, Any], *, pictured: bool
) -> str:
    """Return the model card: what is translated, of what data, trained how, measured how, and how to use it."""
    config = record.config
    translators = Translators.of(trained.game, trained.weights)
    way, weights = translators.ways[0], translators.weights[0]
    names = domain_names(config)
    classes = tuple(record.data.classes or {}) if way.num_classes else ()
    if classes:
        names = (Path(config.dataset).stem, classes[way.target.learned_classes[0]])
    multiple, smallest = _sides(way, weights)
    channels = way.source.shape[-1]
    sizes = f"sides are multiples of {multiple} from {smallest} pixels on"
    parameters = sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(weights))
    both = " and back" if len(translators.ways) > 1 else ""
    ends = f"images to a class: {', '.join(classes)};" if classes else f"{names[0]} to {names[1]}{both},"
    kind = "pairs" if len(record.domains) == 1 and not classes else "images"
    data = "; ".join(f"{one.num_examples:,} {kind}, SHA-256 `{one.sha256[:16]}`" for one in record.domains)
    lines = [
        "---",
        "library_name: gancli",
        "tags: [gan, image-to-image, jax]",
        "---",
        f"# {f'Classes of {names[0]}' if classes else f'{names[0]} to {names[1]}'} by {config.model}",
        "",
        *([f"![Images held out from training, and their translations]({PICTURE})", ""] if pictured else []),
        "| | |",
        "|---|---|",
        f"| translates | {ends} images of {channels} channels in [0, 1], whose {sizes} |",
        f"| trained at | {way.source.shape[0]}x{way.source.shape[1]} pixels |",
        f"| size | {parameters:,} parameters a translator |",
        f"| data | {data} |",
        f"| trained | `--game {config.game}`, `--loss {config.loss}`, {trained.step:,} steps of {config.batch_size} |",
        f"| weights | {'averaged' if trained.ema else 'raw'}, seed {config.seed}, gancli {record.gancli} |",
        "",
        "Every setting is in `config.json`.",
        "",
    ]
    if measured:
        lines += ["| metric | value | protocol |", "|---|---|---|"]
        lines += [f"| {metric} | {found['value']:.4g} | `{found['protocol']}` |" for metric, found in measured.items()]
        lines += [""]
    lines += [f"With gancli: `gancli translate THIS_FOLDER photos/ --to {names[1]} --output translated/`.", ""]
    if files:
        seed = ", jax.numpy.uint32(0)" if way.has_noise else ""
        label = f"labels = jax.numpy.full(2, names.index({json.dumps(names[1])}))"
        lines += [
            "Without gancli, with `pip install jax flatbuffers`:",
            "",
            "```python",
            "import jax",
            "from jax import export",
            "",
            f'translator = export.deserialize(open("{files[0]}", "rb").read())',
            f"images = jax.numpy.zeros((2, {way.source.shape[0]}, {way.source.shape[1]}, {channels}))  # in [0, 1]",
            *([f"names = {json.dumps(classes)}", label] if classes else []),
            f"found = translator.call(images{seed}{', labels' if classes else ''})  # of the same shape, in [0, 1]",
            "```",
            "",
            f"Any number of images, of any size whose {sizes}."
            + (" The second argument is a seed: each gives another answer." if seed else "")
            + (" The second argument is the class of each translation, by its place among the names." * bool(classes)),
            "",
        ]
    entries = "\n\n".join(citations(trained.run.folder).values())
    return "\n".join([*lines, "## Literature", "", "```bibtex", entries, "```", ""])
