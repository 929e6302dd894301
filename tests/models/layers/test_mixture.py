"""The learned mixture."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.models.layers.mixture import MixtureGenerator
from tests.playing import ON_DEVICE, assert_equal, run, small

MIXTURE = {"prior": "mixture", "components": 4}


class Same(nnx.Module):
    """Draws its latents."""

    def __call__(self, z):
        return z


def test_latents_are_of_the_gaussian_of_their_component():
    network = MixtureGenerator(Same(), 2, 3, rngs=nnx.Rngs(0))
    means, widths = np.asarray(network.means[...]), np.array([[0.1, 2.0], [1.0, 1.0], [0.5, 0.25]])
    network.widths[...] = jnp.asarray(widths)
    noise = np.random.default_rng(0).normal(size=(20_000, 2))
    labels = np.arange(20_000) % 3
    z = np.asarray(network(jnp.concatenate([jnp.asarray(noise), jax.nn.one_hot(labels, 3)], axis=1)))
    np.testing.assert_allclose(z, means[labels] + widths[labels] * noise, rtol=1e-4, atol=1e-6)
    for label in range(3):
        np.testing.assert_allclose(z[labels == label].mean(axis=0), means[label], atol=0.08)
        np.testing.assert_allclose(z[labels == label].std(axis=0), widths[label], rtol=0.05)
    assert (np.abs(means) <= 1).all()


def test_means_and_widths_learn_with_the_generator_and_are_averaged():
    game, state = small(**MIXTURE)
    assert state.params["generator"]["means"].shape == state.params["generator"]["widths"].shape == (4, 3)
    assert game.draws.input_size == 3 + 4
    latents = np.asarray(game.draws.latents(jax.random.key(0), 4000))
    np.testing.assert_allclose(latents[:, 3:].mean(axis=0), 0.25, atol=0.03)
    np.testing.assert_array_equal(latents[:, 3:].sum(axis=1), 1)
    np.testing.assert_allclose(latents[:, :3].std(axis=0), 1, atol=0.05)
    whole, _ = run(game, jax.tree.map(jnp.copy, state), 0, 6, ON_DEVICE)
    for name in ("means", "widths"):
        before, after = state.params["generator"][name], whole.params["generator"][name]
        assert float(jnp.abs(after - before).max()) > 1e-6
        assert float(jnp.abs(whole.averages["generator"][name] - before).max()) > 1e-6
    half, _ = run(game, state, 0, 3, ON_DEVICE)
    assert_equal(run(game, half, 3, 6, ON_DEVICE)[0], whole)


@pytest.mark.parametrize(
    "changes", [{"game": "infogan", "codes": ("3",)}, {"game": "bidirectional"}, {"game": "completion", "packing": 2}]
)
def test_games_that_need_latents_alone_refuse_it(changes):
    with pytest.raises(UsageError) as caught:
        small(**MIXTURE | changes)
    assert str(caught.value) == (
        f"--game {changes['game']} and --prior mixture exclude each other. Take --prior gaussian."
    )
