from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import GancliError
from gancli.features.inception import network as inception
from gancli.features.inception.torch_file import read_tensors
from tests.features.inception.torch_files import images_for_inception, random_inception_tensors, write_torch_file

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Inception-v3 with the weights of the fixture, by way of a file as published."""
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    write_torch_file(path, random_inception_tensors(), legacy=True)
    params = inception.parameters(read_tensors(path))
    graph, _ = inception.layout()
    run = jax.jit(lambda prepared: nnx.merge(graph, params)(prepared))

    def one_by_one(images):  # so that the network, of several sizes, is compiled once
        outputs = [run(inception.prepare(image[None])) for image in images]
        return jax.tree.map(lambda *parts: np.concatenate(parts), *outputs)

    return one_by_one


@pytest.mark.parametrize("name", ["cifar", "mnist", "same", "wide"])
def test_features_and_logits_are_those_of_pytorch(network, name):
    expected = np.load(FIXTURES / "inception.npz")
    found = network(jnp.asarray(images_for_inception()[name]))
    for part, values in found._asdict().items():
        reference = expected[f"{name}.{part}"]
        assert values.shape == reference.shape
        error = np.linalg.norm(values - reference) / np.linalg.norm(reference)
        assert error < 1e-5
        np.testing.assert_allclose(values, reference, rtol=1e-4, atol=1e-4 * np.abs(reference).max())


def test_resize_is_tensorflow_1s():
    # Worked by hand for 2 pixels: place i * 2 / 299, beyond pixel 1 the last one is repeated.
    matrix = inception.resize_matrix(2)
    line = matrix @ np.array([0.0, 1.0], np.float32)
    expected = np.minimum(np.arange(299) * 2 / 299, 1)
    np.testing.assert_allclose(line, expected, atol=1e-6)
    np.testing.assert_array_equal(inception.resize_matrix(299), np.eye(299, dtype=np.float32))
    halved = inception.resize_matrix(598)  # no smoothing: every second pixel
    np.testing.assert_array_equal(halved.argmax(1), 2 * np.arange(299))
    np.testing.assert_array_equal(halved.sum(1), np.ones(299))


def test_gray_images_become_rgb_and_pixels_lie_in_minus_one_to_one():
    gray = np.array([0, 128, 255, 64], np.uint8).reshape(1, 2, 2, 1)
    prepared = np.asarray(inception.prepare(jnp.asarray(gray)))
    assert prepared.shape == (1, 299, 299, 3)
    np.testing.assert_array_equal(prepared[..., 0], prepared[..., 2])
    assert prepared[0, 0, 0, 0] == -1
    assert prepared[0, -1, 0, 0] == 127 / 128


def test_wrong_weights_are_named():
    tensors = random_inception_tensors()
    del tensors["Mixed_5c.branch_pool.bn.running_var"]
    with pytest.raises(GancliError) as missing:
        inception.parameters(tensors)
    assert str(missing.value) == (
        "these are not the weights of Inception-v3: 'mixed_5c.branch_pool.bn.running_var' is missing."
    )
    with pytest.raises(GancliError) as other:
        inception.parameters(random_inception_tensors() | {"fc.weight": np.zeros((1000, 2048), np.float32)})
    assert str(other.value) == (
        "these are not FID's weights of Inception-v3: 'fc.weight' is [1000, 2048], expected [1008, 2048]."
    )
