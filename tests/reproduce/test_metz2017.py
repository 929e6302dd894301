"""The ring of Metz et al. 2017: its networks, and what counts as reached."""

import jax
import numpy as np
from flax import nnx

from gancli.recipes.resolve import resolve
from gancli.reproduce import numbers
from gancli.reproduce.metz2017 import GAIN, discriminator, generator
from gancli.reproduce.papers import PAPERS


def config():
    row = PAPERS["metz2017"].rows["0"]
    return resolve(row.dataset, row.preset, dict(row.settings))


def test_networks_are_two_layers_of_tanh_from_orthogonal_weights():
    parts = (config(), (2,), False, np.zeros(2), nnx.Rngs(0))
    up, down = generator(*parts), discriminator(*parts)
    for network in (up, down):
        kernels = [layer.kernel[...] for layer in network.hidden.layers]
        assert [kernel.shape[1] for kernel in kernels] == [128, 128]
        square = kernels[1]
        np.testing.assert_allclose(square @ square.T, GAIN**2 * np.eye(128), atol=1e-4)
    z = jax.random.normal(jax.random.key(0), (5, 256))
    x = up(z)
    assert x.shape == (5, 2)
    first, second = up.hidden.layers
    hidden = np.tanh(np.tanh(z @ first.kernel[...]) @ second.kernel[...])
    np.testing.assert_allclose(x, hidden @ up.output.kernel[...], rtol=1e-4, atol=1e-5)
    assert down(x).outputs.shape == (5,)


def test_a_gaussian_counts_with_a_fifth_of_its_share_of_samples(monkeypatch, gancli, tmp_path):
    options = ("--rows", 0, "--seeds", 3, "--steps", 1, "--outdir", tmp_path / "r", "--quiet")
    code, out, err = gancli("reproduce", "metz2017", *options)
    assert (code, err) == (0, "")
    assert "| 0 | not all | **0** | 3 |" in out  # untrained samples are nearly nowhere near
    centers = np.array([[np.cos(a), np.sin(a)] for a in np.arange(8) * np.pi / 4], np.float32)
    few = int(0.024 * 10_000)
    points = np.repeat(centers, [few, few + 20, *[1500] * 6], axis=0)
    points = np.concatenate([points, np.full((10_000 - len(points), 2), 9.0, np.float32)])
    monkeypatch.setattr(numbers, "generate", lambda pair, latents: points)
    assert numbers.modes(tmp_path / "r" / "metz2017-0-seed3", None) == 7
