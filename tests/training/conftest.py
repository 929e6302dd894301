"""The toy game, compiled once and trained once."""

from typing import Any

import pytest

from gancli.training.chunk import Chunk, compile_chunk
from gancli.training.state import TrainState
from tests.playing import train_on
from tests.training.three_players import DATA, GAME, first_state


@pytest.fixture(scope="package")
def chunk() -> Chunk:
    return compile_chunk(GAME, first_state(), DATA)


@pytest.fixture(scope="package")
def trained(chunk: Chunk) -> tuple[TrainState, list[tuple[int, Any]]]:
    return train_on(GAME, first_state(), DATA, chunk=chunk)
