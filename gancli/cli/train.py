"""``gancli train``."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancli.cli.options import (
    DEFAULT_RUN,
    DataDir,
    Json,
    Quiet,
    parse_dataset,
    parse_loss,
    parse_names,
    parse_numbers,
    parse_seeds,
    parse_shares,
)

if TYPE_CHECKING:
    from gancli.config import TrainConfig
    from gancli.workflows.train import Plan, TrainResult

GAME, NETWORKS, OPTIMIZER, KEPT = "The game", "Networks", "Optimizer", "What is kept"
CONVOLUTIONS, EVALUATION = "Convolutions of maxout-conv", "Evaluation while training"
OWN = "One's own pictures"


def train(
    dataset: Annotated[
        str,
        typer.Argument(
            help="mnist, fashion_mnist, kmnist, cifar10, tfd, stacked_mnist, digits (embedded), gaussian, ring, grid; "
            "or one's own pictures: a folder, a .zip or an .npz.",
        ),
    ],
    outdir: Annotated[Path, typer.Option(help="Run folder to write.")] = DEFAULT_RUN,
    preset: Annotated[
        str | None,
        typer.Option(
            help="A recipe: goodfellow2014-mnist, goodfellow2014-mnist-tuned, goodfellow2014-tfd, "
            "goodfellow2014-cifar10-fc, goodfellow2014-cifar10-conv, mnist-dcgan, cifar10-dcgan, cifar10-resnet, "
            "cifar10-modern, or for one's own pictures faces-64."
        ),
    ] = None,
    data_dir: DataDir = None,
    stream: Annotated[
        str | None,
        typer.Option(
            metavar="auto|always|never",
            help="Whether data is read from disk as it is needed: by itself where it would fill the device's memory.",
        ),
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option(help="Devices that share each batch; 0: one, or two cores of a CPU for networks of convolutions."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, data order and noise.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="0-2,5", help="Train a run for each seed, in folders inside --outdir, and summarize them."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --outdir, bit for bit.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --outdir.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the configuration, sizes, peak memory and speed of a rehearsal; keep nothing."
        ),
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.py:NAME",
            help="minimax, non-saturating, absolute, kl, reverse-kl, jensen-shannon, pearson, squared-hellinger, "
            "least-squares, hinge, wasserstein, energy, feature-matching, perceptual, mmd or relativistic "
            "(`gancli list losses` says what each is), or one of your own.",
            rich_help_panel=GAME,
        ),
    ] = None,
    penalty: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="On the discriminator: r1, r2, gradient-penalty, clip, spectral-norm, or none.",
            rich_help_panel=GAME,
        ),
    ] = None,
    penalty_weight: Annotated[
        float | None, typer.Option(help="Weight of r1, r2 and gradient-penalty.", rich_help_panel=GAME)
    ] = None,
    clip_limit: Annotated[
        float | None, typer.Option(help="Largest weight with --penalty clip.", rich_help_panel=GAME)
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Energy up to which --loss energy pushes samples.", rich_help_panel=GAME)
    ] = None,
    pulling_away: Annotated[
        float | None,
        typer.Option(help="Weight of the term that keeps the codes of samples apart.", rich_help_panel=GAME),
    ] = None,
    conditional: Annotated[
        bool | None,
        typer.Option("--conditional", help="Both networks are told the class of an image.", rich_help_panel=GAME),
    ] = None,
    packing: Annotated[
        int | None, typer.Option(help="Examples that the discriminator judges at once.", rich_help_panel=GAME)
    ] = None,
    k: Annotated[
        int | None, typer.Option("--k", help="Discriminator updates per generator update.", rich_help_panel=GAME)
    ] = None,
    updates: Annotated[
        str | None,
        typer.Option(
            help="alternating (Algorithm 1) or simultaneous (both gradients at the same weights and samples).",
            rich_help_panel=GAME,
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Generator updates in all.", rich_help_panel=GAME)] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images per discriminator update.", rich_help_panel=GAME)
    ] = None,
    instance_noise: Annotated[
        float | None,
        typer.Option(help="Deviation of the noise on the discriminator's inputs.", rich_help_panel=GAME),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="Random changes of all that the discriminator meets, for small data: color, translation, cutout.",
            rich_help_panel=GAME,
        ),
    ] = None,
    resolution: Annotated[
        int | None,
        typer.Option(help="Pixels of both sides; by default those of the pictures, 64 at most.", rich_help_panel=OWN),
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option(help="center, random (a square anywhere) or none (squeezed to a square).", rich_help_panel=OWN),
    ] = None,
    channels: Annotated[
        str | None,
        typer.Option(help="auto, 1 (gray), 3 (color) or 4 (with transparency).", rich_help_panel=OWN),
    ] = None,
    mirror: Annotated[
        bool | None,
        typer.Option(
            "--mirror",
            help="Half of the images, drawn at every step, are met mirrored; any data set.",
            rich_help_panel=OWN,
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="mlp, maxout-conv, dcgan or resnet.", rich_help_panel=NETWORKS)
    ] = None,
    contrast: Annotated[
        float | None,
        typer.Option(
            help="Length that images are scaled to after centering; 0: pixels stay in [0, 1].", rich_help_panel=NETWORKS
        ),
    ] = None,
    prior: Annotated[
        str | None, typer.Option(help="Latents: uniform, gaussian or spherical.", rich_help_panel=NETWORKS)
    ] = None,
    latent_size: Annotated[int | None, typer.Option(help="Dimensions of z.", rich_help_panel=NETWORKS)] = None,
    generator_widths: Annotated[
        str | None, typer.Option(metavar="N,N", help="Rectifier units per layer.", rich_help_panel=NETWORKS)
    ] = None,
    generator_activations: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME", help="relu or sigmoid, for each of these layers or for all.", rich_help_panel=NETWORKS
        ),
    ] = None,
    sigmoid_bias: Annotated[
        float | None, typer.Option(help="At which the biases of its sigmoid layers start.", rich_help_panel=NETWORKS)
    ] = None,
    decoder_steps: Annotated[
        int | None,
        typer.Option(
            help="Its last layer starts as the decoder of an autoencoder trained so long; 0: random.",
            rich_help_panel=NETWORKS,
        ),
    ] = None,
    discriminator_widths: Annotated[
        str | None, typer.Option(metavar="N,N", help="Maxout units per layer.", rich_help_panel=NETWORKS)
    ] = None,
    maxout_pieces: Annotated[int | None, typer.Option(help="Pieces per maxout unit.", rich_help_panel=NETWORKS)] = None,
    input_dropout: Annotated[
        float | None, typer.Option(help="Share of the discriminator's inputs dropped.", rich_help_panel=NETWORKS)
    ] = None,
    hidden_dropout: Annotated[
        str | None,
        typer.Option(
            metavar="P,P",
            help="Share of its hidden units dropped, for each layer or for all.",
            rich_help_panel=NETWORKS,
        ),
    ] = None,
    generator_init_range: Annotated[
        float | None, typer.Option(help="Weights start uniform on plus or minus this.", rich_help_panel=NETWORKS)
    ] = None,
    output_init_range: Annotated[
        float | None, typer.Option(help="The same for its last layer alone.", rich_help_panel=NETWORKS)
    ] = None,
    discriminator_init_range: Annotated[
        float | None, typer.Option(help="The same for the discriminator.", rich_help_panel=NETWORKS)
    ] = None,
    max_column_norm: Annotated[
        float | None, typer.Option(help="Longest incoming weights of any unit; 0: no limit.", rich_help_panel=NETWORKS)
    ] = None,
    base_channels: Annotated[
        int | None,
        typer.Option(
            help="dcgan, resnet: channels of the largest maps, doubled with every halving.", rich_help_panel=NETWORKS
        ),
    ] = None,
    blocks: Annotated[int | None, typer.Option(help="resnet: blocks at each size.", rich_help_panel=NETWORKS)] = None,
    batch_norm: Annotated[
        bool | None,
        typer.Option(
            "--batch-norm/--no-batch-norm",
            help="dcgan, resnet: normalize the generator's layers by their statistics in a batch.",
            rich_help_panel=NETWORKS,
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="float32, or bf16: what networks compute in while training; weights and losses stay float32.",
            rich_help_panel=NETWORKS,
        ),
    ] = None,
    microbatch: Annotated[
        int | None,
        typer.Option(
            help="Images in a network at once while gradients are taken, which are those of the whole batch; 0: all.",
            rich_help_panel=NETWORKS,
        ),
    ] = None,
    remat: Annotated[
        bool | None,
        typer.Option(
            "--remat",
            help="Compute what happens inside layers again on the way back instead of keeping it.",
            rich_help_panel=NETWORKS,
        ),
    ] = None,
    conv_channels: Annotated[
        str | None,
        typer.Option(
            metavar="N,N", help="Maxout channels of the discriminator's convolutions.", rich_help_panel=CONVOLUTIONS
        ),
    ] = None,
    conv_pieces: Annotated[int | None, typer.Option(help="Pieces per channel.", rich_help_panel=CONVOLUTIONS)] = None,
    conv_sizes: Annotated[
        str | None, typer.Option(metavar="N,N", help="Pixels of their kernels.", rich_help_panel=CONVOLUTIONS)
    ] = None,
    conv_padding: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="Pixels added on each side before them.", rich_help_panel=CONVOLUTIONS),
    ] = None,
    pool_sizes: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="Pixels of the max pooling after them.", rich_help_panel=CONVOLUTIONS),
    ] = None,
    pool_strides: Annotated[
        str | None, typer.Option(metavar="N,N", help="Pixels between its windows.", rich_help_panel=CONVOLUTIONS)
    ] = None,
    deconv_size: Annotated[
        int | None, typer.Option(help="Pixels of the generator's transposed convolution.", rich_help_panel=CONVOLUTIONS)
    ] = None,
    deconv_stride: Annotated[
        int | None, typer.Option(help="Pixels between its kernels.", rich_help_panel=CONVOLUTIONS)
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="adam or sgd.", rich_help_panel=OPTIMIZER)] = None,
    generator_learning_rate: Annotated[
        float | None, typer.Option(help="Step size of the generator.", rich_help_panel=OPTIMIZER)
    ] = None,
    discriminator_learning_rate: Annotated[
        float | None, typer.Option(help="Step size of the discriminator.", rich_help_panel=OPTIMIZER)
    ] = None,
    momentum: Annotated[
        float | None, typer.Option(help="SGD's momentum at the start, Adam's beta1.", rich_help_panel=OPTIMIZER)
    ] = None,
    beta2: Annotated[float | None, typer.Option(help="Adam's beta2.", rich_help_panel=OPTIMIZER)] = None,
    final_momentum: Annotated[
        float | None,
        typer.Option(help="SGD's momentum from epoch --momentum-epochs on.", rich_help_panel=OPTIMIZER),
    ] = None,
    momentum_epochs: Annotated[
        int | None, typer.Option(help="Epochs of the linear rise.", rich_help_panel=OPTIMIZER)
    ] = None,
    learning_rate_divisor: Annotated[
        float | None, typer.Option(help="Learning rates are divided by this every step.", rich_help_panel=OPTIMIZER)
    ] = None,
    min_learning_rate: Annotated[
        float | None, typer.Option(help="Where that stops.", rich_help_panel=OPTIMIZER)
    ] = None,
    ema_decay: Annotated[
        float | None,
        typer.Option(help="Of the average of the generator's weights; 0: none.", rich_help_panel=OPTIMIZER),
    ] = None,
    ema_ramp: Annotated[
        float | None,
        typer.Option(help="Early on the average reaches back over steps / this only.", rich_help_panel=OPTIMIZER),
    ] = None,
    log_every: Annotated[
        int | None, typer.Option(help="Steps per line of metrics.jsonl, and per dispatch.", rich_help_panel=KEPT)
    ] = None,
    sample_every: Annotated[
        int | None, typer.Option(help="Steps between pictures of the fixed latents.", rich_help_panel=KEPT)
    ] = None,
    checkpoint_every: Annotated[
        int | None, typer.Option(help="Steps between checkpoints.", rich_help_panel=KEPT)
    ] = None,
    keep: Annotated[
        int | None, typer.Option(help="Newest checkpoints that stay, beside the best.", rich_help_panel=KEPT)
    ] = None,
    evaluate_every: Annotated[
        int | None, typer.Option(help="Steps between evaluations; 0: none.", rich_help_panel=EVALUATION)
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="fid, kid, inception-score, precision-recall, density-coverage, modes. "
            "The first one says which checkpoint is best.",
            rich_help_panel=EVALUATION,
        ),
    ] = None,
    evaluate_samples: Annotated[
        int | None, typer.Option(help="Samples per evaluation.", rich_help_panel=EVALUATION)
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Stop after so many evaluations without a better one; 0: never.", rich_help_panel=EVALUATION),
    ] = None,
) -> None:
    """Train a GAN into a run folder.

    Options that are not given are those of the data set; see them with --dry-run.

    Examples:

      gancli train mnist --loss minimax --k 1

      gancli train digits --outdir runs/digits --seed 1

      gancli train mnist --preset goodfellow2014-mnist --steps 5000

      gancli train ring --seeds 0-7 --outdir runs/ring

      gancli train ./my-pictures --resolution 32 --mirror

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 diverged, 130 and 143 stopped by Ctrl-C and SIGTERM after saving.
    """
    given = {
        "stream": stream,
        "devices": devices,
        "seed": seed,
        "loss": parse_loss(loss),
        "penalty": () if penalty == "none" else parse_names(penalty),
        "penalty_weight": penalty_weight,
        "clip_limit": clip_limit,
        "margin": margin,
        "pulling_away": pulling_away,
        "conditional": conditional,
        "packing": packing,
        "k": k,
        "updates": updates,
        "num_steps": steps,
        "batch_size": batch_size,
        "augment": parse_names(augment),
        "resolution": resolution,
        "crop": crop,
        "channels": channels,
        "mirror": mirror,
        "instance_noise": instance_noise,
        "model": model,
        "prior": prior,
        "latent_size": latent_size,
        "contrast": contrast,
        "generator_widths": parse_numbers(generator_widths, "--generator-widths"),
        "generator_activations": parse_names(generator_activations),
        "sigmoid_bias": sigmoid_bias,
        "decoder_steps": decoder_steps,
        "discriminator_widths": parse_numbers(discriminator_widths, "--discriminator-widths"),
        "maxout_pieces": maxout_pieces,
        "input_dropout": input_dropout,
        "hidden_dropout": parse_shares(hidden_dropout, "--hidden-dropout"),
        "generator_init_range": generator_init_range,
        "output_init_range": output_init_range,
        "discriminator_init_range": discriminator_init_range,
        "max_column_norm": max_column_norm,
        "base_channels": base_channels,
        "blocks": blocks,
        "batch_norm": batch_norm,
        "precision": precision,
        "microbatch": microbatch,
        "remat": remat,
        "conv_channels": parse_numbers(conv_channels, "--conv-channels"),
        "conv_pieces": conv_pieces,
        "conv_sizes": parse_numbers(conv_sizes, "--conv-sizes"),
        "conv_padding": parse_numbers(conv_padding, "--conv-padding"),
        "pool_sizes": parse_numbers(pool_sizes, "--pool-sizes"),
        "pool_strides": parse_numbers(pool_strides, "--pool-strides"),
        "deconv_size": deconv_size,
        "deconv_stride": deconv_stride,
        "optimizer": optimizer,
        "generator_learning_rate": generator_learning_rate,
        "discriminator_learning_rate": discriminator_learning_rate,
        "momentum": momentum,
        "beta2": beta2,
        "final_momentum": final_momentum,
        "momentum_epochs": momentum_epochs,
        "learning_rate_divisor": learning_rate_divisor,
        "min_learning_rate": min_learning_rate,
        "ema_decay": ema_decay,
        "ema_ramp": ema_ramp,
        "log_every": log_every,
        "sample_every": sample_every,
        "checkpoint_every": checkpoint_every,
        "keep": keep,
        "evaluate_every": evaluate_every,
        "metrics": parse_names(metrics),
        "evaluate_samples": evaluate_samples,
        "patience": patience,
    }
    options = {name: value for name, value in given.items() if value is not None}
    if resume and overwrite:
        raise typer.BadParameter("--resume and --overwrite exclude each other.", param_hint="--resume")
    if seeds is not None and seed is not None:
        raise typer.BadParameter("--seeds and --seed exclude each other.", param_hint="--seeds")

    from gancli.recipes.presets import PRESETS
    from gancli.recipes.resolve import resolve

    dataset = parse_dataset(dataset)
    config = resolve(dataset, preset, options)  # wrong names and values fail before anything heavy is imported

    from gancli.cli.console import TerminalReporter, print_json, print_table
    from gancli.workflows import train as workflow

    if dry_run:
        with TerminalReporter(quiet=quiet) as reporter:
            plan = workflow.plan(config, reporter, data_dir)
        _show_plan(plan, as_json=json)
        return
    if seeds is not None:
        configs = [dataclasses.replace(config, seed=number) for number in parse_seeds(seeds)]
        _train_seeds(configs, outdir, data_dir, resume=resume, overwrite=overwrite, quiet=quiet, as_json=json)
        return
    with TerminalReporter(quiet=quiet) as reporter:
        if resume:
            recipe = {"dataset": dataset} | (PRESETS[preset].fields if preset else {})
            result = workflow.resume_run(outdir, recipe, options, reporter, data_dir=data_dir)
        else:
            result = workflow.new_run(config, outdir, reporter, data_dir=data_dir, overwrite=overwrite)
    measured = result.last.to_dict() if result.last else {}
    if json:
        values = {"run": str(result.folder), "steps": result.steps, "images_seen": result.images_seen}
        values |= {"seconds": result.seconds, "evaluation_seconds": result.evaluation_seconds}
        values |= {"peak_bytes": result.peak_bytes}
        values |= {"best_step": result.best[0] if result.best else None, "verdict": result.verdict}
        print_json(values | measured | result.accuracies)
        return
    rows = [("run", result.folder), ("steps", f"{result.steps:,} ({result.images_seen:,} images)")]
    if result.last:
        rows += [
            ("time", f"{result.seconds:.1f} s ({result.images_per_second:,.0f} images/s)"),
            *_told(result),
            ("samples", result.folder / "samples" / f"fakes{result.steps:06d}.png"),
        ]
    if result.last and result.peak_bytes:
        rows.append(("memory", f"{result.peak_bytes / 2**20:,.0f} MiB at its peak"))
    if result.evaluations:
        share = result.evaluation_seconds / result.seconds
        rows.append(
            ("evaluation", f"{result.evaluations} in {result.evaluation_seconds:.1f} s ({share:.1%} of the time)")
        )
    if result.best:
        step, metric, score = result.best
        rows.append(("best", f"step {step}, {metric} {score:.4g} (--step best)"))
    if result.verdict:
        rows.append(("verdict", result.verdict))
    print_table(rows)


def _told(result: "TrainResult") -> list[tuple[str, str]]:
    """Return rows on what the objective's value says, and on what D can tell."""
    rows = []
    if result.last and result.last.reading:
        said = result.last.reading.text
        if result.null_spread is not None:
            said += f" (two batches of data: 0 ± {result.null_spread:.2g})"
        rows.append(("says", said))
    if found := result.accuracies:
        train, held_out, fake = (found[f"accuracy_{kind}"] for kind in ("train", "held_out", "fake"))
        rows.append(("D knows", f"{train:.0%} of its data, {held_out:.0%} of data held out, {fake:.0%} of samples"))
    return rows


def _train_seeds(
    configs: "list[TrainConfig]",
    outdir: Path,
    data_dir: Path | None,
    *,
    resume: bool,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    from gancli.cli.console import TerminalReporter, print_json
    from gancli.workflows.sweep import sweep

    with TerminalReporter(quiet=quiet) as reporter:
        summary = sweep(configs, outdir, reporter, data_dir=data_dir, resume=resume, overwrite=overwrite)
    if as_json:
        print_json(summary)
        return
    print(f"{len(configs)} runs in {outdir}; mean and standard deviation over them, also in {outdir}/summary.json:")
    width = max(len(name) for name in summary["metrics"])
    for name, found in summary["metrics"].items():
        spread = "" if found["standard_deviation"] is None else f" ± {found['standard_deviation']:.4g}"
        counted = "" if found["count"] == len(configs) else f"  ({found['count']} of {len(configs)} runs)"
        print(f"{name:{width}}  {found['mean']:.6g}{spread}{counted}")


def _show_plan(plan: "Plan", *, as_json: bool) -> None:
    from gancli.cli.console import print_json, print_table

    measured = {
        "generator_parameters": plan.generator_parameters,
        "discriminator_parameters": plan.discriminator_parameters,
        "epochs": plan.epochs,
        "num_devices": plan.num_devices,
        "state_bytes": plan.state_bytes,
        "data_bytes": plan.data_bytes,
        "streamed": plan.streamed is not None,
        "working_bytes": plan.working_bytes,
        "peak_bytes": plan.peak_bytes,
        "seconds_to_compile": plan.seconds_to_compile,
        "seconds_per_1000_steps": plan.seconds_per_1000_steps,
    }
    if as_json:
        print_json({"config": plan.config.to_dict()} | measured)
        return
    mebibytes = [f"{size / 2**20:,.0f} MiB" for size in (plan.state_bytes, plan.data_bytes, plan.working_bytes)]
    where = f" on each of {plan.num_devices} devices, which share the batch" if plan.num_devices > 1 else ""
    total = plan.config.num_steps * plan.seconds_per_1000_steps / 1000
    print_table(
        [
            *plan.config.to_dict().items(),
            ("", ""),
            ("parameters", f"generator {plan.generator_parameters:,}, discriminator {plan.discriminator_parameters:,}"),
            ("epochs", f"{plan.epochs:,.1f}"),
            ("data", f"streamed: {plan.streamed}" if plan.streamed else "on the device, whole"),
            ("memory", "state {}, data {}, temporary {}".format(*mebibytes) + where),
            *([("peak memory", f"{plan.peak_bytes / 2**20:,.0f} MiB expected")] if plan.peak_bytes else []),
            ("compiling", f"{plan.seconds_to_compile:.1f} s"),
            ("1,000 steps", f"{plan.seconds_per_1000_steps:.1f} s (so {total:,.0f} s for all)"),
        ]
    )
