"""``gancli export``: a generator, or translators, for other people and other programs."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.data.catalog import is_path
from gancli.errors import GancliError, UsageError
from gancli.files import appearing, read_json, write_atomically
from gancli.games.translates import ways_of
from gancli.imaging.pixels import png_bytes, to_uint8
from gancli.imaging.sheets import grid
from gancli.latents.codes import Codes
from gancli.metrics.catalog import METRICS
from gancli.own_files import without_folder
from gancli.registry import Registry
from gancli.runs.exported import WEIGHTS, is_export, write_weights
from gancli.runs.folder import CONFIG, RunRecord
from gancli.runs.trained import Trained
from gancli.sampling.draws import draw
from gancli.workflows import export_translators
from gancli.workflows.citations import citations
from gancli.workflows.export_translators import CARD, PLATFORMS

STABLEHLO, SAMPLES = "generator.stablehlo", "samples.png"
NUM_SAMPLES, COLUMNS = 64, 8
# Whose number has a name of its own.
RANKED = {name: METRICS[name].key for name in ("translation", "pairs", "attributes")}

FORMATS: Registry[str] = Registry(
    "format", {"safetensors": "the weights by name", "stablehlo": "the whole function, for JAX without gancli"}
)


@dataclass(frozen=True)
class ExportResult:
    """What was written."""

    output: Path
    files: tuple[str, ...]
    step: int
    ema: bool
    notes: tuple[str, ...]


def export(
    run: Path,
    output: Path,
    *,
    formats: tuple[str, ...] = ("safetensors", "stablehlo"),
    step: int | str = "latest",
    ema: bool = True,
    evaluation: Path | None = None,
) -> ExportResult:
    """Write a generator with its configuration, a model card and samples; ``output`` appears when it is complete.

    Args:
        run: the run.
        output: a folder that is absent or empty.
        formats: of ``FORMATS``; the weights are always written, for ``gancli sample`` reads them.
        step: a number, ``latest`` or ``best``.
        ema: averaged weights rather than raw ones.
        evaluation: what ``gancli evaluate --json`` printed, for the card.

    Raises:
        UsageError: a format is unknown, or the run draws points.
        GancliError: the run or the evaluation cannot be read, ``output`` is taken or cannot be written.
    """
    for name in formats:
        _ = FORMATS[name]
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise GancliError(f"'{output}' exists and is not an empty folder. Choose another --output.")
    if is_export(run):
        raise UsageError(f"'{run}' was exported already.")
    measured = _read_evaluation(evaluation) if evaluation else {}
    keep_compiled_programs()
    trained = Trained.load(run, step=step, ema=ema)
    with appearing(output) as part:
        part.mkdir()
        record = _shared(trained.run.record)
        (part / CONFIG).write_text(record.to_json())
        if ways_of(trained.game):
            export_translators.write(part, trained, record, formats, measured)
        else:
            _write_generator(part, trained, formats, measured)
    files = tuple(sorted(path.name for path in output.iterdir()))
    return ExportResult(output, files, trained.step, trained.ema, trained.notes)


def _write_generator(part: Path, trained: Trained, formats: tuple[str, ...], measured: dict[str, Any]) -> None:
    """Write weights, function, samples and card of a run that draws samples."""
    if not trained.is_images:
        raise UsageError(f"export is for images; the run in '{trained.run.folder}' draws points.")
    standing = jax.jit(trained.pair.draws.standing)(trained.pair.generator)
    write_weights(part / WEIGHTS, trained.pair.generator, standing, trained.step, ema=trained.ema)
    if "stablehlo" in formats:
        (part / STABLEHLO).write_bytes(_stablehlo(trained, standing))
    drawn = to_uint8(draw(trained.pair, NUM_SAMPLES, 0).samples)
    (part / SAMPLES).write_bytes(png_bytes(grid(drawn, COLUMNS)))
    write_atomically(part / CARD, _card(trained, formats, measured))


def _shared(record: RunRecord) -> RunRecord:
    """Return a record without the paths of the user's images and files, which are private."""
    config = record.config
    # `./mnist` are somebody's images of that name, `mnist` is the data set.
    names = {"dataset": f"./{Path(config.dataset).name}" if is_path(config.dataset) else config.dataset}
    for name in filter(is_path, config.datasets[1:]):
        names["to_domain"] = f"./{Path(name).name}"
    names |= {"loss": without_folder(config.loss), "model": without_folder(config.model)}
    return replace(record, config=replace(config, **names))


def _stablehlo(trained: Trained, standing: list[jax.Array] | None) -> bytes:
    """Return the function from latents ``[b, Z]`` to images ``[b, H, W, C]`` in [0, 1], serialized, weights inside.

    Of a class-conditional generator the latents stand beside one-hot classes, ``[b, Z + K]``.
    """
    pair = trained.pair

    def samples(latents: jax.Array) -> jax.Array:
        return pair.domain.show(pair.draws.generate(pair.generator, latents, standing))

    batch = jax.export.symbolic_shape("b")
    latents = jax.ShapeDtypeStruct((*batch, pair.draws.input_size), jnp.float32)
    return bytes(jax.export.export(jax.jit(samples), platforms=PLATFORMS)(latents).serialize())


def _read_evaluation(path: Path) -> dict[str, Any]:
    try:
        metrics = read_json(path)["metrics"]
        return {
            name: {"value": float(one[number]), "protocol": one["protocol_text"]}
            for name, one in metrics.items()
            if (number := RANKED.get(name, "value")) in one
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GancliError(f"'{path}' is not what `gancli evaluate --json` prints.") from None


def _card(trained: Trained, formats: tuple[str, ...], measured: dict[str, Any]) -> str:
    """Return the model card: what it draws, of what data, trained how, measured how, and how to use it."""
    record, domain = _shared(trained.run.record), trained.domain
    config, data = record.config, record.data
    dataset = Path(config.dataset).name
    shape = "x".join(map(str, domain.shape))
    learned = [name for name, count in (data.classes or {}).items() if count]
    parameters = sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(trained.pair.generator))
    weights = "averaged" if trained.ema else "raw"
    codes = trained.pair.draws.codes
    components = trained.pair.draws.components
    beside = f" of {components} learned components" if components else ""
    beside = f", codes {','.join(config.codes)} beside them" if codes.kinds else beside
    lines = [
        "---",
        "library_name: gancli",
        "tags: [gan, image-generation, jax]",
        "---",
        f"# {dataset} by {config.model}",
        "",
        f"![{NUM_SAMPLES} random draws, seed 0, not selected]({SAMPLES})",
        "",
        "| | |",
        "|---|---|",
        f"| draws | images {shape} in [0, 1] from {config.latent_size} {config.prior} latents{beside} |",
        *([f"| classes | {', '.join(learned)} |"] if domain.num_classes else []),
        f"| size | {parameters:,} parameters |",
        f"| data | {dataset}, {data.num_examples:,} training images, SHA-256 `{data.sha256[:16]}` |",
        f"| trained | `--loss {config.loss}`, {trained.step:,} steps of {config.batch_size} images |",
        f"| weights | {weights}, seed {config.seed}, gancli {record.gancli} |",
        "",
        "Every setting is in `config.json`.",
        "",
    ]
    if measured:
        lines += ["| metric | value | protocol |", "|---|---|---|"]
        lines += [f"| {metric} | {found['value']:.4g} | `{found['protocol']}` |" for metric, found in measured.items()]
        lines += [""]
    lines += ["With gancli: `gancli sample THIS_FOLDER -n 64`.", ""]
    if "stablehlo" in formats:
        lines += [
            "Without gancli, with `pip install jax flatbuffers`:",
            "",
            "```python",
            "import jax",
            "from jax import export",
            "",
            f'generator = export.deserialize(open("{STABLEHLO}", "rb").read())',
            f"latents = {_prior_in_jax(config.prior, config.latent_size)}",
            *_classes_in_jax(data.classes or {}),
            *_codes_in_jax(Codes((components,)) if components else codes),
            f"images = generator.call(latents)  # [64, {', '.join(map(str, domain.shape))}] in [0, 1]",
            "```",
            "",
        ]
    entries = "\n\n".join(citations(trained.run.folder).values())
    return "\n".join([*lines, "## Literature", "", "```bibtex", entries, "```", ""])


def _classes_in_jax(classes: dict[str, int]) -> list[str]:
    """Return lines of Python that set 64 classes, of each learned one in turn, beside the latents."""
    if not classes:
        return []
    names, learned = list(classes), [name for name, count in classes.items() if count]
    return [
        f"names = {json.dumps(names)}",
        f"drawn = {'names' if learned == names else json.dumps(learned)}",
        "places = jax.numpy.array([names.index(drawn[row % len(drawn)]) for row in range(64)])",
        "classes = jax.nn.one_hot(places, len(names))",
        "latents = jax.numpy.concatenate([latents, classes], axis=1)",
    ]


def _codes_in_jax(codes: Codes) -> list[str]:
    """Return a line of Python that sets codes beside 64 latents: each value of a category in turn, others at random."""
    parts = [
        f"jax.nn.one_hot(jax.numpy.arange(64) % {kind}, {kind})"
        if kind
        else f"jax.random.uniform(jax.random.key({number}), (64, 1), minval=-1.0)"
        for number, kind in enumerate(codes.kinds, 1)
    ]
    return [f"latents = jax.numpy.concatenate([latents, {', '.join(parts)}], axis=1)"] if parts else []


def _prior_in_jax(prior: str, size: int) -> str:
    """Return a line of Python that draws 64 latents."""
    normal = f"jax.random.normal(jax.random.key(0), (64, {size}))"
    return {
        "uniform": f"jax.random.uniform(jax.random.key(0), (64, {size}), minval=-(3**0.5), maxval=3**0.5)",
        "gaussian": normal,
        "mixture": normal,
        "spherical": f"jax.nn.standardize({normal}, axis=1, mean=0.0, epsilon=0.0)",
    }[prior]
