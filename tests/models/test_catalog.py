"""Models by name, those of a user's own file, and a toy: one file and one entry."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.models.catalog import MODELS, Architecture, architecture
from gancli.own_files import keep
from gancli.recipes.resolve import resolve
from gancli.registry import lazy
from tests.conftest import ROOT, tiny

FILE = """
import math

import jax.numpy as jnp
from flax import nnx

from gancli.models.catalog import Architecture
from gancli.models.layers.parts import DiscriminatorOutput


class Generator(nnx.Module):
    def __init__(self, latent_size, data_shape, *, rngs):
        self.layer = nnx.Linear(latent_size, math.prod(data_shape), rngs=rngs)
        self.data_shape = data_shape

    def __call__(self, z):
        return self.layer(z).reshape(-1, *self.data_shape)


class Discriminator(nnx.Module):
    def __init__(self, data_shape, *, rngs):
        self.hidden = nnx.Linear(math.prod(data_shape), 8, rngs=rngs)
        self.logit = nnx.Linear(8, 1, rngs=rngs)

    def __call__(self, x, key=None):
        features = nnx.relu(self.hidden(x.reshape(len(x), -1)))
        return DiscriminatorOutput(self.logit(features)[:, 0], features)


def generator(config, data_shape, bounded, data_mean, rngs):
    return Generator(config.latent_size, data_shape, rngs=rngs)


def discriminator(config, data_shape, bounded, data_mean, rngs):
    return Discriminator(data_shape, rngs=rngs)


pair = (generator, discriminator)
whole = Architecture(generator, {"scorer": discriminator}, convolves=True)
number = 3
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "my_models.py"
    path.write_text(FILE)
    return path


@pytest.fixture
def toy(own, monkeypatch):
    monkeypatch.syspath_prepend(str(own.parent))
    entry = Architecture(
        lazy("my_models:generator"),
        {"scorer": lazy("my_models:discriminator")},
        summary="One linear layer, a toy.",
        use="Never.",
        defaults={"latent_size": 3},
    )
    monkeypatch.setitem(MODELS._entries, "toy", entry)
    return entry


def test_a_toy_model_is_listed_brings_its_settings_and_trains(toy, gancli, tmp_path):
    assert architecture("toy") is toy
    assert "toy                One linear layer, a toy.\n" in gancli("list", "models")[1]
    assert "--latent-size 3" in gancli("list", "models", "toy")[1]
    assert resolve("ring", None, {"model": "toy"}).latent_size == 3
    options = tiny(model="toy", evaluate_every=0, latent_size=3)
    assert gancli("train", "ring", "--outdir", tmp_path / "run", *options)[0] == 0
    assert gancli("sample", tmp_path / "run", "-n", 3, "--output", tmp_path / "x.npz")[0] == 0
    assert np.load(tmp_path / "x.npz")["samples"].shape == (3, 2)


def test_a_pair_of_builders_in_a_file_is_a_model(own):
    family = architecture(f"{own}:pair")
    config, rngs = TrainConfig(dataset="ring", latent_size=4), nnx.Rngs(0)
    generator = family.drawing("mine")(config, (2,), False, np.zeros(2), rngs)
    discriminator = family.discriminator("scorer", "mine")(config, (2,), False, np.zeros(2), rngs)
    samples = generator(jnp.ones((5, 4)))
    assert samples.shape == (5, 2)
    assert discriminator(samples, jax.random.key(0)).outputs.shape == (5,)
    assert not family.convolves
    assert architecture(f"{own}:pair") is family  # one object, so it compiles once
    assert architecture(f"{own}:whole").convolves
    assert hash(family) == hash(architecture(f"{own}:pair"))


def test_the_example_is_a_model():
    family = architecture(f"{ROOT}/examples/my_models.py:residual")
    config, rngs = TrainConfig(dataset="digits", latent_size=4), nnx.Rngs(0)
    samples = family.drawing("mine")(config, (8, 8, 1), True, np.zeros((8, 8, 1)), rngs)(jnp.ones((5, 4)))
    assert samples.shape == (5, 8, 8, 1)
    assert 0 <= samples.min() <= samples.max() <= 1
    found = family.discriminator("scorer", "mine")(config, (8, 8, 1), True, np.zeros((8, 8, 1)), rngs)(samples)
    assert (found.outputs.shape, found.features.shape) == ((5,), (5, 128))


def test_a_run_finds_its_model_in_the_text_it_kept(own):
    kept = keep("--model", f"{own}:pair")
    assert kept is not None
    family = architecture(f"{own}:pair")
    own.unlink()
    assert architecture(f"{own}:pair", kept) is family


def test_what_cannot_be_a_model_is_said_in_a_line(own):
    def message(name):
        with pytest.raises(UsageError) as caught:
            architecture(name)
        return str(caught.value)

    assert message(f"{own}:number") == (
        f"--model {own}:number: {own} must define 'number' as a pair of builders (generator, discriminator), each of "
        f"(config, data_shape, bounded, data_mean, rngs), or as a gancli.models.catalog.Architecture."
    )
    assert message("dcgam").startswith("unknown model 'dcgam'. Did you mean 'dcgan'?")
    with pytest.raises(UsageError) as caught:
        architecture("dcgan").discriminator("autoencoder", "dcgan")
    assert str(caught.value) == (
        "--model dcgan has no autoencoder for a discriminator, which the loss needs. Use: mlp."
    )
