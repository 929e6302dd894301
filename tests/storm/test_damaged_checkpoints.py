"""A checkpoint of which one file is damaged, whichever it is: the one before it is used, and this is said."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest

from gancli.runs.checkpoints import DAMAGED
from gancli.runs.folder import Run
from tests.conftest import tiny
from tests.storm.damage import STORM
from tests.storm.hits import COUNTS
from tests.workflows.runs import ITEMS, assert_same, final_state

pytestmark = [pytest.mark.usefixtures("counted"), pytest.mark.timeout(1800)]


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def lengthen(path: Path, rng: random.Random) -> None:
    with path.open("ab") as file:
        file.write(rng.randbytes(rng.randint(1, 100)))


def remove(path: Path, rng: random.Random) -> None:
    path.unlink()


DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (flip, cut, lengthen, remove)


def files_of(checkpoint: Path) -> list[Path]:
    return sorted(path.relative_to(checkpoint) for path in checkpoint.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run with checkpoints of steps 10 and 20, and the same run with 10 steps more."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("whole")
    for name, steps in (("run", 20), ("further", 30)):
        with pytest.raises(SystemExit) as end:
            entry_point(["train", "ring", "--outdir", str(folder / name), *tiny(devices=1, steps=steps)])
        assert end.value.code == 0
    return folder


def test_damage_in_every_file_is_noticed(whole, tmp_path):
    """Every file, and every kind of damage. The three beside the items may be damaged where no bit depends on it."""
    rng, kept = random.Random(0), final_state(whole / "run", 20)
    folder = tmp_path / "run"
    shutil.copytree(whole / "run", folder)
    run, checkpoint = Run.open(folder), folder / "checkpoints" / "20"
    game = run.record.game()
    for name in files_of(checkpoint):
        path = checkpoint / name
        content = path.read_bytes()
        for damage in DAMAGES * STORM:
            damage(path, rng)
            with run.checkpoints() as checkpoints:
                step, items, skipped = checkpoints.newest(game, ITEMS)
            if step == 20:
                assert len(name.parts) == 1, f"{damage.__name__} {name} is not noticed"
                jax.tree.map(np.testing.assert_array_equal, items, kept)
            else:
                assert (step, len(skipped)) == (10, 1)
                assert skipped[0].startswith(f"checkpoint 20 of '{folder}' "), skipped
            COUNTS["a file of a checkpoint", damage.__name__] += 1
            path.write_bytes(content)


@pytest.mark.parametrize("number", range(1 + STORM))
def test_a_run_goes_on_from_the_checkpoint_before(whole, tmp_path, gancli, number):
    rng = random.Random(number)
    folder = tmp_path / "run"
    shutil.copytree(whole / "run", folder)
    checkpoint = folder / "checkpoints" / "20"
    name = rng.choice([one for one in files_of(checkpoint) if len(one.parts) > 1])
    damage = rng.choice(DAMAGES)
    damage(checkpoint / name, rng)
    code, _, err = gancli("train", "ring", "--outdir", folder, "--resume", "auto", *tiny(devices=1, steps=30))
    assert code == 0
    assert err.startswith(f"warning: checkpoint 20 of '{folder}' is damaged: ")
    assert err.endswith(" Going on from step 10.\n")
    assert_same(folder, whole / "further", 30)
    assert (folder / DAMAGED / "20").is_dir()
    COUNTS["a file of a checkpoint, then --resume", damage.__name__] += 1
