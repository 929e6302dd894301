"""Built-in classifiers, and features that do not depend on how images come in."""

import dataclasses
import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from PIL import Image

from gancli.data.load import load
from gancli.errors import GancliError, UsageError
from gancli.features import cache, extractor
from gancli.features.catalog import CLASSIFIERS

BILINEAR = Image.Resampling.BILINEAR


def batches(images, size):
    return [images[start : start + size] for start in range(0, len(images), size)]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_weights_are_small_and_those_of_the_table(name):
    raw = (extractor.WEIGHTS / f"{CLASSIFIERS[name].identity}.npz").read_bytes()
    assert len(raw) <= 2 * 2**20
    assert hashlib.sha256(raw).hexdigest() == CLASSIFIERS[name].sha256


def test_digits_are_recognized():
    test = load("digits", "test")
    features, logits = extractor.extract(extractor.classifier("digits"), [test.examples], len(test))
    assert features.shape == (250, 64)
    assert (logits.argmax(1) == test.labels).mean() >= 0.97


def test_mnist_is_recognized(mnist_dir):
    test = load("mnist", "test", mnist_dir)
    _, logits = extractor.extract(extractor.classifier("mnist"), [test.examples], len(test))
    assert (logits.argmax(1) == test.labels).mean() >= 0.993


def test_no_bit_depends_on_how_many_images_come_at_a_time():
    images = load("digits").examples[:1200]
    network = extractor.classifier("digits")
    features, logits = extractor.extract(network, [images], len(images))
    for stream in (
        batches(images, 1),
        batches(images, 7),
        batches(images, 500),
        map(jnp.asarray, batches(images, 333)),
    ):
        again = extractor.extract(network, stream, len(images))
        np.testing.assert_array_equal(again[0], features)
        np.testing.assert_array_equal(again[1], logits)


def test_one_image_and_progress():
    told = []
    image = load("digits").examples[:1]
    features, _ = extractor.extract(extractor.classifier("digits"), [image], 1, lambda *at: told.append(at))
    assert features.shape == (1, 64)
    assert told == [(1, 1)]


def test_a_stream_of_another_length_than_announced_is_an_error():
    with pytest.raises(GancliError, match="5 images were announced, but 3 came"):
        extractor.extract(extractor.classifier("digits"), [load("digits").examples[:3]], 5)
    with pytest.raises(GancliError, match="3 images were announced, but more came"):
        extractor.extract(extractor.classifier("digits"), [load("digits").examples[:5]], 3)


def test_stacked_pictures_are_described_one_by_one():
    digits = load("digits", "test").examples
    stacked = np.concatenate([digits[:40], digits[40:80], digits[80:120]], axis=-1)
    single = extractor.classifier("digits")
    features, logits = extractor.extract(extractor.classifier("digits", 3), [stacked], 40)
    parts = [extractor.extract(single, [digits[start : start + 40]], 40) for start in (0, 40, 80)]
    np.testing.assert_allclose(features, np.concatenate([f for f, _ in parts], axis=1), rtol=1e-5, atol=1e-5)
    hundreds, tens, ones = (part_logits.argmax(1) for _, part_logits in parts)
    np.testing.assert_array_equal(logits.argmax(1), 100 * hundreds + 10 * tens + ones)


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def described_at(side, images):
    return extractor.extract(extractor.classifier_at_scales("cifar10", side), [images], len(images))


@pytest.mark.parametrize("side", [8, 32])
def test_images_of_the_classifiers_size_have_its_features(side):
    images = noise(3, 32, 32, 3)
    plain = extractor.extract(extractor.classifier("cifar10"), [images], 3)
    for one, other in zip(described_at(side, images), plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_larger_images_are_seen_at_two_sizes():
    """Against the plain classifier on what Pillow makes of the images, and its network on the whole images."""
    images = noise(2, 64, 64, 3)
    images[1] //= 2
    features, logits = described_at(64, images)
    channels = [[Image.fromarray(one[..., c].astype(np.float32)) for c in range(3)] for one in images]
    small = np.stack([np.stack([np.asarray(c.resize((32, 32), BILINEAR)) for c in one], -1) for one in channels])
    graph, params = extractor._weights("cifar10")
    expected = [nnx.merge(graph, params)(jnp.asarray(x / 255, jnp.float32)) for x in (small, images.astype(np.float32))]
    np.testing.assert_allclose(features, np.concatenate([one.features for one in expected], 1), atol=1e-4)
    np.testing.assert_allclose(logits, expected[0].logits, atol=1e-3)


def test_gray_is_color_and_transparency_is_white():
    gray = noise(2, 16, 16, 1)
    color = np.repeat(gray, 3, axis=-1)
    np.testing.assert_array_equal(described_at(16, gray)[0], described_at(16, color)[0])
    opaque, clear = (np.concatenate([color, np.full_like(gray, alpha)], axis=-1) for alpha in (255, 0))
    np.testing.assert_allclose(described_at(16, opaque)[0], described_at(16, color)[0], atol=1e-6)
    white = np.full_like(color, 255)
    np.testing.assert_allclose(described_at(16, clear)[0], described_at(16, white)[0], atol=1e-6)


def test_what_was_seen_is_part_of_the_name():
    names = [extractor.classifier_at_scales("cifar10", side).identity for side in (20, 64, 500)]
    assert names == [f"cifar10-classifier-1 at {at} px" for at in ("32", "32 and 64", "32 and 128")]


def test_images_of_another_size_are_refused():
    with pytest.raises(UsageError) as caught:
        extractor.classifier("mnist").check((32, 32, 3))
    assert str(caught.value) == (
        "--features mnist-classifier-1 takes images of 28x28x1, got 32x32x3. Use --features inception-v3."
    )


def test_images_with_transparency_are_refused():
    network = dataclasses.replace(extractor.classifier("mnist"), identity="inception-v3", shape=(None, None, None))
    for channels in (1, 3):
        network.check((32, 40, channels))
    for refused in (network, extractor.classifier("mnist", 4)):
        with pytest.raises(UsageError) as caught:
            refused.check((28, 28, 4))
        assert str(caught.value) == (
            f"--features {refused.identity} takes images of 1 or 3 channels, got 28x28x4. Images with transparency are "
            "measured on white: give files of them, such as `gancli sample` writes."
        )


def test_damaged_weights_are_noticed(tmp_path, monkeypatch):
    (tmp_path / "digits-classifier-1.npz").write_bytes(b"other")
    monkeypatch.setattr(extractor, "WEIGHTS", tmp_path)
    extractor.classifier.cache_clear()
    with pytest.raises(GancliError, match="the weights of digits-classifier-1 in this installation are damaged"):
        extractor.classifier("digits")


def test_a_classifier_is_loaded_once_even_while_something_is_traced():
    extractor.classifier.cache_clear()
    image = load("digits").examples[:1]

    def features(x):
        network = extractor.classifier("digits")
        return network.apply(network.params, x).features

    inside = jax.jit(features)(image)
    assert extractor.classifier("digits") is extractor.classifier("digits")
    np.testing.assert_allclose(features(image), inside, atol=1e-6)


def test_features_are_kept_and_damage_costs_only_time(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images = load("digits").examples[:20]
    network = extractor.classifier("digits")
    warnings, asked = [], []

    def stream():
        asked.append(1)
        return [images]

    def get(fingerprint):
        return cache.cached_features(network, fingerprint, stream, len(images), warn=warnings.append)

    first = get("a")
    second = get("a")
    assert len(asked) == 1
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
    get("b")
    assert len(asked) == 2
    for kept in (tmp_path / "gancli" / "features").iterdir():
        kept.write_bytes(kept.read_bytes()[:-40])
    np.testing.assert_array_equal(get("a")[0], first[0])
    assert len(asked) == 3
    assert len(warnings) == 1
    assert "is damaged; its features are computed again." in warnings[0]
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    np.testing.assert_array_equal(get("a")[0], first[0])
    np.testing.assert_array_equal(get("a")[0], first[0])
    assert len(asked) == 4  # kept for this command
    assert "cannot write" in capsys.readouterr().err


def test_features_of_other_rounding_are_kept_apart(tmp_path, monkeypatch):
    """Else a number would depend on the flags with which somebody measured before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images, asked = load("digits").examples[:4], []

    def stream():
        asked.append(1)
        return [images]

    for flags in ("", "--xla_cpu_enable_fast_math=true", ""):
        monkeypatch.setenv("XLA_FLAGS", flags)
        cache.cached_features(extractor.classifier("digits"), "a", stream, 4, warn=print)
    assert len(asked) == 2


def test_features_that_cannot_be_written_are_computed_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "gancli").mkdir()
    (tmp_path / "gancli" / "features").write_text("a file where a folder should be")
    images, warnings = load("digits").examples[:4], []
    network = extractor.classifier("digits")
    assert len(cache.cached_features(network, "a", lambda: [images], 4, warn=warnings.append)[0]) == 4
    assert warnings[0].endswith("Not a directory. The reference's features are not kept.")


def test_a_cache_that_can_only_be_read_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images, warnings = load("digits").examples[:4], []
    network = extractor.classifier("digits")
    first = cache.cached_features(network, "a", lambda: [images], 4, warn=warnings.append)
    monkeypatch.setattr("gancli.compute.cache.cache_folder", lambda: tmp_path / "elsewhere")
    again = cache.cached_features(network, "a", lambda: [], 4, warn=warnings.append)
    np.testing.assert_array_equal(first[0], again[0])
