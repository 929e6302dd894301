"""A generator that leaves the house: the same samples by every way out."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from gancli.files import write_atomically
from tests.conftest import ROOT, tiny


@pytest.fixture(scope="module")
def dcgan_run(tmp_path_factory):
    from gancli.cli.console import TerminalReporter
    from gancli.recipes.resolve import resolve
    from gancli.workflows.train import new_run

    folder = tmp_path_factory.mktemp("runs") / "dcgan"
    options = {"model": "dcgan", "base_channels": 4, "latent_size": 6, "num_steps": 4, "batch_size": 16}
    new_run(resolve("digits", None, options | {"evaluate_every": 0}), folder, TerminalReporter(quiet=True))
    return folder


def samples(gancli, run, path, *more):
    assert gancli("sample", run, "-n", 5, "--output", path, *more)[0] == 0
    return np.load(path)["samples"], np.load(path)["latents"]


def test_an_exported_generator_draws_what_the_run_draws(gancli, tmp_path, digits_run):
    out = tmp_path / "out"
    code, printed, _ = gancli("export", digits_run, "--output", out, "--json")
    assert code == 0
    files = ["README.md", "config.json", "generator.safetensors", "generator.stablehlo", "samples.png"]
    assert json.loads(printed) == {"output": str(out), "files": files, "step": 40, "ema": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    one, other = samples(gancli, out, tmp_path / "a.npz"), samples(gancli, digits_run, tmp_path / "b.npz")
    for found, expected in zip(one, other, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert gancli("interpolate", out, "--output", tmp_path / "walk.png")[0] == 0


def test_weights_by_name_are_the_network_in_numpy(gancli, tmp_path, digits_run):
    assert gancli("export", digits_run, "--output", tmp_path / "out", "--format", "safetensors", "--no-ema")[0] == 0
    assert not (tmp_path / "out" / "generator.stablehlo").exists()
    drawn, latents = samples(gancli, digits_run, tmp_path / "a.npz", "--no-ema")
    weights = load_file(tmp_path / "out" / "generator.safetensors")
    x = latents.astype(np.float64)
    hidden = sorted({name.rpartition(".")[0] for name in weights if not name.startswith("output")})
    for layer in hidden:
        x = np.maximum(x @ weights[f"{layer}.kernel"] + weights[f"{layer}.bias"], 0)
    x = 1 / (1 + np.exp(-(x @ weights["output.kernel"] + weights["output.bias"])))
    np.testing.assert_allclose(drawn, x.reshape(drawn.shape), atol=1e-5)


def test_the_function_runs_in_a_process_without_gancli_as_the_card_says(gancli, tmp_path, dcgan_run):
    """The card's own lines, in isolated mode, on latents of this run; with any number of them."""
    out = tmp_path / "out"
    assert gancli("export", dcgan_run, "--output", out)[0] == 0
    drawn, latents = samples(gancli, dcgan_run, tmp_path / "a.npz")
    np.save(tmp_path / "latents.npy", latents)
    card = (out / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    more = (
        "import sys, numpy as np\n"
        "assert images.shape == (64, 8, 8, 1)\n"
        "assert not [name for name in sys.modules if name.startswith(('gancli', 'flax'))]\n"
        f"given = np.load({str(tmp_path / 'latents.npy')!r})\n"
        f"np.save({str(tmp_path / 'images.npy')!r}, generator.call(given))\n"
        f"np.testing.assert_allclose(generator.call(given[:1]), generator.call(given)[:1], atol=1e-6)\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code + more], cwd=out, check=True, timeout=120)
    np.testing.assert_allclose(np.load(tmp_path / "images.npy"), drawn, atol=1e-6)
    assert "standing.0" in load_file(out / "generator.safetensors")


@pytest.mark.parametrize("prior", ["uniform", "gaussian", "spherical"])
def test_the_cards_latents_have_the_priors_moments(prior):
    from gancli.workflows.export import _prior_in_jax

    scope = {}
    exec(f"import jax\nz = {_prior_in_jax(prior, 50)}", scope)
    z = np.asarray(scope["z"])
    assert z.shape == (64, 50)
    assert abs(z.mean()) < 0.06
    assert abs((z**2).mean() - 1) < 0.1
    if prior == "spherical":
        np.testing.assert_allclose((z**2).sum(1), 50, rtol=1e-5)
    if prior == "uniform":
        assert np.abs(z).max() < 3**0.5


def test_the_card_tells_data_training_and_measurements_with_protocol(gancli, tmp_path, digits_run):
    code, scores, _ = gancli("evaluate", digits_run, "--fid", "--json", "--samples", 100)
    assert code == 0
    (tmp_path / "scores.json").write_text(scores)
    code, _, err = gancli("export", digits_run, "--output", tmp_path / "out", "--evaluation", tmp_path / "scores.json")
    assert (code, err) == (0, "")
    card = (tmp_path / "out" / "README.md").read_text().splitlines()
    assert "# digits by mlp" in card
    value = json.loads(scores)["metrics"]["fid"]
    assert f"| fid | {value['value']:.4g} | `{value['protocol_text']}` |" in card
    assert any(line.startswith("| data | digits, 1,297 training images, SHA-256 `") for line in card)


def test_where_ones_own_pictures_and_objectives_lie_is_not_told(gancli, tmp_path):
    from PIL import Image

    secret = tmp_path / "secret place"
    folder = tmp_path / "secret place" / "cats"
    folder.mkdir(parents=True)
    for index in range(24):
        Image.fromarray(np.random.default_rng(index).integers(0, 256, (8, 8, 3), np.uint8)).save(
            folder / f"{index}.png"
        )
    (secret / "mine.py").write_text((ROOT / "examples" / "my_losses.py").read_text())
    own = f"{secret / 'mine.py'}:one_sided"
    small = tiny(model="dcgan", base_channels=2, steps=2, evaluate_every=0, loss=own)
    assert gancli("train", folder, "--outdir", tmp_path / "run", *small)[0] == 0
    assert gancli("export", tmp_path / "run", "--output", tmp_path / "out", "--format", "safetensors")[0] == 0
    for name in ("config.json", "README.md"):
        text = (tmp_path / "out" / name).read_text()
        assert "secret place" not in text
        assert "cats" in text
        assert "mine.py:one_sided" in text
    out = tmp_path / "out"
    assert json.loads((out / "config.json").read_text())["config"]["dataset"] == "./cats"
    assert (out / "README.md").read_text().splitlines()[4] == "# cats by dcgan"
    shutil.rmtree(secret)
    assert gancli("sample", out, "-n", 2, "--output", tmp_path / "x.png")[0] == 0
    assert gancli("evaluate", out, "--nearest", "--samples", 9) == (
        2,
        "",
        f"error: the run in '{out}' was trained on './cats', and nothing is there now. Put the images there, or name "
        "what to compare with by --against.\n",
    )


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"metrics": []}', '{"metrics": {"fid": {"value": "low", "protocol_text": ""}}}', "[" * 100_000],
)
def test_a_file_that_is_no_evaluation_is_refused(gancli, tmp_path, digits_run, content):
    (tmp_path / "x.json").write_text(content)
    code, _, err = gancli("export", digits_run, "--output", tmp_path / "out", "--evaluation", tmp_path / "x.json")
    assert (code, err) == (1, f"error: '{tmp_path / 'x.json'}' is not what `gancli evaluate --json` prints.\n")


def test_what_cannot_be_exported_is_said_and_nothing_left(gancli, tmp_path, digits_run, monkeypatch):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("x")
    ring = tmp_path / "ring"
    assert gancli("train", "ring", "--outdir", ring, *tiny(evaluate_every=0))[0] == 0
    (tmp_path / "no.json").write_text("{}")
    out = tmp_path / "out"
    cases = [
        ((digits_run, "--output", taken), 1, f"'{taken}' exists and is not an empty folder. Choose another --output."),
        ((ring,), 2, f"export is for images; the run in '{ring}' draws points."),
        ((digits_run, "--format", "onnx"), 2, "unknown format 'onnx'. Known: safetensors, stablehlo."),
        (
            (digits_run, "--evaluation", tmp_path / "no.json"),
            1,
            f"'{tmp_path / 'no.json'}' is not what `gancli evaluate --json` prints.",
        ),
    ]
    for arguments, expected, message in cases:
        arguments = arguments if "--output" in arguments else (*arguments, "--output", out)
        code, _, err = gancli("export", *arguments)
        assert (code, err) == (expected, f"error: {message}\n")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gancli.workflows.export._stablehlo", full)
    code, _, err = gancli("export", digits_run, "--output", out)
    assert (code, err) == (1, f"error: cannot write {out}: No space left on device.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["no.json", "ring", "taken"]
    assert (taken / "mine.txt").exists()


def test_an_exported_generator_holds_one_step_and_no_discriminator(gancli, tmp_path, digits_run):
    out = tmp_path / "out"
    assert gancli("export", digits_run, "--output", out, "--format", "safetensors")[0] == 0
    ends = ("--output", tmp_path / "x.png")
    cases = [
        (("sample", out, "--step", 20, *ends), 2, f"--step 20: '{out}' was exported, and holds step 40 alone."),
        (("sample", out, "--no-ema", *ends), 2, f"'{out}' was exported with averaged weights; it has no others."),
        (("export", out, "--output", tmp_path / "again"), 2, f"'{out}' was exported already."),
        (
            ("train", "digits", "--outdir", out, "--resume"),
            2,
            f"'{out}' was exported, and cannot be trained on: it has no discriminator.",
        ),
    ]
    for arguments, expected, message in cases:
        code, _, err = gancli(*arguments)
        assert (code, err) == (expected, f"error: {message}\n")
    whole = (out / "generator.safetensors").read_bytes()
    write_atomically(out / "generator.safetensors", whole[:200])
    code, _, err = gancli("sample", out, *ends)
    assert (code, err) == (1, f"error: '{out / 'generator.safetensors'}' is damaged, or not gancli's.\n")
    config = json.loads((out / "config.json").read_text())
    config["config"]["generator_widths"] = [31]
    (out / "config.json").write_text(json.dumps(config))
    write_atomically(out / "generator.safetensors", whole)
    code, _, err = gancli("sample", out, *ends)
    message = f"'{out / 'generator.safetensors'}' is of other networks than config.json describes."
    assert (code, err) == (1, f"error: {message}\n")


@pytest.mark.parametrize(
    ("classes", "first"),
    [({"0": 1, "1": 1, "10": 2}, [0, 1, 2, 0]), ({"cats": 3, "rare": 0, "dogs": 2}, [0, 2, 0, 2])],
)
def test_the_card_draws_every_learned_class_in_turn(classes, first):
    from gancli.workflows.export import _classes_in_jax

    scope: dict = {}
    exec("import jax\nlatents = jax.numpy.zeros((64, 5))\n" + "\n".join(_classes_in_jax(classes)), scope)
    assert scope["latents"].shape == (64, 8)
    assert scope["latents"][:, 5:].argmax(axis=1)[:4].tolist() == first
