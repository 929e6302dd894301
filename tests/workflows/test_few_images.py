import dataclasses

import numpy as np
import pytest

from gancli.config import AUTO, TrainConfig
from gancli.data.load import load
from gancli.errors import UsageError
from gancli.recipes.resolve import resolve
from gancli.runs.folder import Run
from gancli.workflows.few_images import FEW_IMAGES, augmentation_said, warning, with_augmentation
from tests.conftest import tiny, write_folder

AUGMENTED = ("translation", "cutout")


def images(count, channels=1):
    """Return a data set of so many black images."""
    black = np.zeros((count, 8, 8, channels), np.uint8)
    return dataclasses.replace(load("digits"), examples=black, labels=np.zeros(count, np.int32))


def few(count, channels=1, **options):
    """Return the warning of so many images."""
    return warning(resolve("digits", None, {"model": "dcgan"} | options), images(count, channels))


def test_few_images_without_augmentation_are_warned_of():
    assert few(FEW_IMAGES - 1) == (
        "4,999 images are few to train on: D may memorize them. Try --augment translation,cutout."
    )
    assert (few(1, channels=3) or "").endswith("Try --augment translation,cutout.")
    assert few(FEW_IMAGES) is None
    assert few(10, augment=("translation",)) is None
    assert few(10, loss="mmd") is None  # nobody memorizes anything
    assert few(10, game="cycle", model="resnet-translator") is None  # not measured there
    assert few(10, model="resnet")
    assert few(10, model="mlp") is None  # of the catalog, for convolutional networks alone: there it was measured


def test_digits_and_points_are_not_few():
    for name in ("digits", "ring"):
        assert warning(resolve(name, None, {}), load(name)) is None


@pytest.mark.parametrize(
    ("count", "options", "expected"),
    [
        (FEW_IMAGES - 1, {}, AUGMENTED),
        (FEW_IMAGES, {}, ()),
        (5, {"model": "resnet"}, AUGMENTED),
        (5, {"model": "mlp"}, ()),  # not measured there
        (5, {"game": "bidirectional"}, ()),
        (5, {"game": "cycle"}, ()),
        (5, {"loss": "mmd"}, ()),
        (5, {"augment": ()}, ()),
        (5, {"augment": ("color",)}, ("color",)),
        (FEW_IMAGES, {"augment": AUGMENTED}, AUGMENTED),
    ],
)
def test_your_own_few_images_are_augmented_by_themselves(tmp_path, count, options, expected):
    asked = resolve(str(tmp_path), None, options)
    config = with_augmentation(asked, images(count, 3))
    assert config == dataclasses.replace(asked, augment=expected)
    said = augmentation_said(asked, config, images(count, 3))
    assert (said is None) == (asked.augment != AUTO or not expected)


def test_images_of_the_catalog_are_not_augmented_unless_asked():
    config = resolve("digits", None, {"model": "dcgan"})
    assert config.augment == ()
    assert with_augmentation(config, images(5)).augment == ()
    asked = resolve("digits", None, {"model": "dcgan", "augment": AUTO})
    assert with_augmentation(asked, images(5)).augment == AUGMENTED


def test_auto_stands_alone():
    with pytest.raises(UsageError, match="--augment must be auto alone, or names without it, got auto,color"):
        TrainConfig(dataset="digits", augment=(*AUTO, "color"))


def test_a_run_on_few_images_says_that_it_augments_and_keeps_it(gancli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_folder("some", np.zeros((20, 8, 8, 1), np.uint8))
    options = tiny(model="dcgan", steps=1, batch_size=4, base_channels=2)[:-1]
    code, _, err = gancli("train", "some", "--outdir", "run", *options)
    assert code == 0
    assert (
        "18 images are few: D sees data and samples shifted and cut, so that it cannot memorize them "
        "(--augment translation,cutout)\n"
    ) in err
    assert "warning: 18 images" not in err
    assert Run.open(tmp_path / "run").record.config.augment == AUGMENTED
    again = ("train", "some", "--outdir", "run", "--resume", "--augment")
    assert gancli(*again, "auto")[0] == 0  # it was settled
    code, _, err = gancli(*again, "none")
    assert (code, "--augment of the run in 'run' is ['translation', 'cutout'], not []" in err) == (2, True)
