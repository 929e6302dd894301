"""From a configuration to the data and the game of a run."""

import numpy as np
import pytest
from PIL import Image

from gancli.config import TrainConfig
from gancli.data.load import load_for
from gancli.errors import UsageError
from gancli.recipes.resolve import check_used, resolve
from gancli.reporting import Silence
from gancli.workflows.setup import set_up
from tests.conftest import write_folder

FILES = {"loss": None, "model": None, "game": None}


@pytest.fixture
def folder(tmp_path) -> str:
    """Images of one shade each."""
    shades = np.broadcast_to(np.arange(40, dtype=np.uint8)[:, None, None, None], (40, 12, 12, 3))
    write_folder(str(tmp_path / "shades"), shades)
    return str(tmp_path / "shades")


def made(config: TrainConfig, told: list[str] | None = None):
    reporter = Silence()
    if told is not None:
        reporter.status = reporter.warning = told.append  # pyright: ignore[reportAttributeAccessIssue]
    return set_up(config, FILES, None, reporter)


def test_steps_take_squares_of_larger_images_and_all_else_sees_whole_ones(folder):
    config = TrainConfig(dataset=folder, resolution=8, load_resolution=10, batch_size=4, held_out=0.2)
    told, plainly = [], []
    setup = made(config, told)
    plain = made(resolve(folder, None, {"resolution": 8, "batch_size": 4, "held_out": 0.2, "model": "mlp"}), plainly)
    assert setup.game.domains[0].shape == setup.datasets["data"].shape == (8, 8, 3)
    assert setup.records == plain.records
    assert setup.batches["data"].examples.shape == (32, 10, 10, 3)
    assert setup.data_bytes == 32 * 300
    for one, other in zip(setup.batches["data"].examples, setup.datasets["data"].examples, strict=True):
        assert np.unique(one) == np.unique(other)  # the same images in the same order
    np.testing.assert_array_equal(setup.shown["data"], load_for(config, "validation").examples)
    assert told == plainly  # nothing twice


def test_a_broken_image_is_named_once(folder, tmp_path):
    (tmp_path / "shades" / "x.png").write_bytes(b"x")
    told = []
    _ = made(TrainConfig(dataset=folder, resolution=8, load_resolution=10, batch_size=4), told)
    assert sum("left out" in line for line in told) == 1


def test_labeled_images_are_as_large_as_the_others(tmp_path):
    for shade in range(40):
        place = tmp_path / "set" / f"class {shade % 2}" / f"{shade}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((12, 12, 3), shade, np.uint8)).save(place)
    few = {"game": "semi-supervised", "labels": "4", "resolution": 8, "load_resolution": 10, "batch_size": 4}
    setup = made(TrainConfig(dataset=str(tmp_path / "set"), **few))
    assert setup.batches["labeled"].examples.shape == (4, 10, 10, 3)


@pytest.mark.parametrize("options", [{"resolution": 8}, {"resolution": 8, "held_out": 0.2}], ids=str)
def test_settings_of_your_images_hold_for_domain_b_beside_a_data_set(folder, options):
    options |= {"game": "cycle", "to_domain": folder, "batch_size": 4, "model": "unet-translator"}
    config = resolve("digits", None, options)
    check_used(config, options)
    setup = made(config)
    a, b = setup.datasets.values()
    assert (a.shape, b.shape) == ((8, 8, 3), (8, 8, 3))
    assert len(b) == (32 if "held_out" in options else 36)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"held_out": 0.2}, "--resolution, --crop, --channels, --max-pixels and --held-out are for your own images; "
         "'digits' stays as it is."),
        ({"resolution": 8, "load_resolution": 9, "game": "cycle", "to_domain": "{folder}"},
         "--load-resolution 9 is for your own images; 'digits' stays as it is."),
    ],
)  # fmt: skip
def test_a_data_set_by_name_stays_as_it_is(folder, options, message):
    options = {name: folder if value == "{folder}" else value for name, value in options.items()}
    with pytest.raises(UsageError) as caught:
        made(resolve("digits", None, options))
    assert str(caught.value) == message
