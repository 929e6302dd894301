"""Weights go through a file of safetensors, and a damaged or foreign file is named."""

import jax
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from gancli.errors import GancliError, UsageError
from gancli.games.pair import GENERATOR
from gancli.runs.exported import WEIGHTS, is_export, read_weights, write_weights
from tests.playing import assert_equal, small


@pytest.fixture
def exported(tmp_path):
    game, state = small()
    write_weights(tmp_path / WEIGHTS, state.params["generator"], None, 7, ema=True)
    return tmp_path, game, state.params["generator"]


@pytest.mark.parametrize("step", ["latest", 7])
def test_weights_are_read_as_they_were_written(exported, step):
    folder, game, generator = exported
    assert is_export(folder)
    found, params = read_weights(folder, game, step=step, ema=True)
    assert found == 7
    assert_equal(params, {GENERATOR: generator})


def test_another_step_and_other_weights_than_it_holds_are_refused(exported):
    folder, game, _ = exported
    with pytest.raises(UsageError, match=r"--step 8: .* holds step 7 alone"):
        read_weights(folder, game, step=8, ema=True)
    with pytest.raises(UsageError, match="exported with averaged weights; it has no others"):
        read_weights(folder, game, step=7, ema=False)


@pytest.mark.parametrize("size", [0, 5, 100])
def test_a_file_cut_short_is_damaged(exported, size):
    folder, game, _ = exported
    path = folder / WEIGHTS
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(GancliError, match="is damaged, or not gancli's"):
        read_weights(folder, game, step="latest", ema=True)


def test_a_file_that_another_program_wrote_is_not_gancli_s(exported):
    folder, game, generator = exported
    save_file({"a": np.asarray(jax.tree.leaves(generator)[0])}, folder / WEIGHTS)
    with pytest.raises(GancliError, match="is damaged, or not gancli's"):
        read_weights(folder, game, step="latest", ema=True)


def test_weights_of_other_networks_are_refused(exported):
    folder, _, _ = exported
    other, _ = small(generator_widths=(7,))
    with pytest.raises(GancliError, match=r"is of other networks than config\.json describes"):
        read_weights(folder, other, step="latest", ema=True)


def test_a_folder_without_weights_is_no_export(tmp_path):
    assert not is_export(tmp_path)


@pytest.mark.parametrize("kind", ["float16", "float64", "int32"])
def test_weights_of_another_type_are_refused(exported, kind):
    folder, game, _ = exported
    with safe_open(folder / WEIGHTS, "numpy") as file:
        about = file.metadata()
        arrays = {name: file.get_tensor(name).astype(kind) for name in file.keys()}  # noqa: SIM118
    save_file(arrays, folder / WEIGHTS, about)
    with pytest.raises(GancliError, match=rf"holds .* as {kind}\. Convert its weights to float32\.$"):
        read_weights(folder, game, step="latest", ema=True)
