"""``gancli sample`` and ``gancli interpolate``: what they write, and what they say about bad input."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.data.load import load
from gancli.metrics.neighbors import nearest
from tests.conftest import tiny


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module", params=["gaussian", "ring"])
def points_run(request, tmp_path_factory):
    """A run on points of one or two dimensions."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("points") / request.param
    with pytest.raises(SystemExit):
        entry_point(["train", request.param, "--outdir", str(folder), *tiny()])
    return folder


def arrays(path):
    with np.load(path, allow_pickle=False) as content:
        return dict(content)


def test_a_grid_shows_the_samples(digits_run, gancli):
    assert gancli("sample", digits_run, "-n", 5)[0] == 0
    gancli("sample", digits_run, "-n", 5, "--output", "s.npz")
    with Image.open("samples.png") as picture:
        sheet = np.asarray(picture)
    assert sheet.shape == (2 * 58 + 2, 3 * 58 + 2)
    images = arrays("s.npz")["images"]
    for index in range(5):
        top, left = index // 3 * 58 + 2, index % 3 * 58 + 2
        np.testing.assert_array_equal(sheet[top : top + 56 : 7, left : left + 56 : 7], images[index, ..., 0])


def test_run_defaults_to_ckpt(digits_run, gancli):
    shutil.copytree(digits_run, "ckpt")
    code, out, _ = gancli("sample")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["output", "samples.png"],
        ["samples", "64", "of", "step", "40,", "averaged", "weights,", "seed", "0"],
    ]
    assert gancli("sample", "ckpt/", "-n", 64)[0] == 0


def test_arrays_are_what_the_generator_said(digits_run, gancli):
    gancli("sample", digits_run, "-n", 7, "--output", "s.npz")
    content = arrays("s.npz")
    assert {name: (value.shape, value.dtype) for name, value in content.items()} == {
        "samples": ((7, 8, 8, 1), np.float32),
        "images": ((7, 8, 8, 1), np.uint8),
        "latents": ((7, 8), np.float32),
    }
    assert content["samples"].min() >= 0
    assert content["samples"].max() <= 1
    np.testing.assert_array_equal(content["images"], np.rint(content["samples"] * 255))


def test_a_sample_does_not_depend_on_how_many_are_drawn(digits_run, gancli):
    for count in (3, 501, 1000):
        gancli("sample", digits_run, "-n", count, "--output", f"{count}.npz")
    few, some, many = (arrays(f"{count}.npz")["samples"] for count in (3, 501, 1000))
    np.testing.assert_array_equal(few, many[:3])
    np.testing.assert_array_equal(some, many[:501])


def test_seeds_weights_and_steps_are_different_draws(digits_run, gancli):
    variants = {"a": [], "b": ["--seed", 1], "c": ["--no-ema"], "d": ["--step", 20], "e": ["--step", "latest"]}
    for name, options in variants.items():
        assert gancli("sample", digits_run, "-n", 4, "--output", f"{name}.npz", *options)[0] == 0
    samples = {name: arrays(f"{name}.npz")["samples"] for name in variants}
    np.testing.assert_array_equal(samples["a"], samples["e"])
    for name in "bcd":
        assert not np.array_equal(samples["a"], samples[name]), name


def test_without_an_average_none_is_claimed(tmp_path, gancli):
    gancli("train", "digits", "--outdir", "run", *tiny(ema_decay=0))
    assert "raw weights" in gancli("sample", "run", "-o", "a.npz")[1]
    gancli("sample", "run", "-o", "b.npz", "--no-ema")
    np.testing.assert_array_equal(arrays("a.npz")["samples"], arrays("b.npz")["samples"])


def test_a_folder_gets_one_file_an_image(digits_run, gancli):
    gancli("sample", digits_run, "-n", 12, "--output", "out")
    gancli("sample", digits_run, "-n", 12, "--output", "s.npz")
    names = sorted(path.name for path in Path("out").iterdir())
    assert names == [f"{index:05d}.png" for index in range(12)]
    with Image.open("out/00011.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), arrays("s.npz")["images"][11, ..., 0])


def test_nearest_adds_the_training_example_next_to_the_last_column(digits_run, gancli):
    assert gancli("sample", digits_run, "-n", 4, "--nearest")[0] == 0
    gancli("sample", digits_run, "-n", 4, "--output", "s.npz")
    samples = arrays("s.npz")["samples"]
    train = load("digits")
    with Image.open("samples.png") as picture:
        sheet = np.asarray(picture)
    assert sheet.shape == (2 * 58 + 2, 3 * 58 + 2)
    for row, neighbor in enumerate((samples[1], samples[3])):
        distances = ((train.examples / 255.0 - neighbor) ** 2).sum(axis=(1, 2, 3))
        tile = sheet[row * 58 + 2 : row * 58 + 58 : 7, 118:174:7]
        np.testing.assert_array_equal(tile, train.examples[distances.argmin(), ..., 0])


def test_the_nearest_example_of_a_training_example_is_itself():
    train = load("digits")
    chosen = train.flat()[[0, 700, 1296]]
    np.testing.assert_array_equal(nearest(chosen, train.flat())[1][:, 0], [0, 700, 1296])


def test_points_are_plotted_or_kept_as_arrays(points_run, gancli):
    assert gancli("sample", points_run, "-n", 50)[0] == 0
    assert gancli("interpolate", points_run)[0] == 0
    for name in ("samples.png", "interpolation.png"):
        with Image.open(name) as picture:
            assert min(picture.size) > 300
    gancli("sample", points_run, "-n", 50, "--output", "s.npz")
    assert set(arrays("s.npz")) == {"samples", "latents"}


def test_interpolation_rows_run_between_independent_draws(digits_run, gancli):
    assert gancli("interpolate", digits_run, "--rows", 3, "--frames", 4)[0] == 0
    gancli("sample", digits_run, "-n", 6, "--output", "s.npz")
    ends = arrays("s.npz")["images"]
    with Image.open("interpolation.png") as picture:
        sheet = np.asarray(picture)
    assert sheet.shape == (3 * 58 + 2, 4 * 58 + 2)
    for row in range(3):
        for column, end in ((0, ends[2 * row]), (3, ends[2 * row + 1])):
            tile = sheet[row * 58 + 2 : row * 58 + 58 : 7, column * 58 + 2 : column * 58 + 58 : 7]
            np.testing.assert_array_equal(tile, end[..., 0])


def test_a_gif_goes_there_and_back(digits_run, gancli):
    code, out, _ = gancli(
        "interpolate", digits_run, "--rows", 4, "--frames", 5, "--path", "slerp", "-o", "w.gif", "--json"
    )
    assert code == 0
    assert json.loads(out) == {
        **{"output": "w.gif", "rows": 4, "frames": 5, "path": "slerp", "step": 40, "ema": True, "seed": 0},
    }
    with Image.open("w.gif") as gif:
        frames = []
        for index in range(getattr(gif, "n_frames", 1)):
            gif.seek(index)
            frames.append(np.asarray(gif.convert("L")))
        assert gif.info["loop"] == 0
    assert len(frames) == 8
    np.testing.assert_array_equal(frames[1], frames[7])
    np.testing.assert_array_equal(frames[3], frames[5])
    assert not np.array_equal(frames[0], frames[4])


BAD = [
    (["sample", "{run}", "-n", "0"], 2, "-n must be at least 1, got 0."),
    (["sample", "{run}", "--seed", "-1"], 2, "--seed must be in [0, 2^32), got -1."),
    (
        ["sample", "{run}", "-o", "s.jpg"],
        2,
        "--output must end in .png or .npz, or name a folder (a / at its end), got 's.jpg'.",
    ),
    (
        ["sample", "{run}", "-o", "s.npz", "--nearest"],
        2,
        "--nearest adds a column to a grid, so --output must end in .png, got 's.npz'.",
    ),
    (["sample", "{run}", "-o", "full"], 1, "'full' exists and is not an empty folder. Choose another --output."),
    (["sample", "{run}", "-o", "file/s.png"], 1, "cannot write file/s.png: Not a directory."),
    (["sample", "{run}", "-o", "/dev/full/s.png"], 1, "cannot write /dev/full/s.png: Not a directory."),
    (["sample", "{run}", "--step", "30"], 1, "'{run}' has no checkpoint of step 30. Complete ones: 20, 40."),
    (
        ["sample", "nowhere"],
        1,
        "no run at 'nowhere': there is no such folder. Train one with `gancli train DATASET --outdir nowhere`.",
    ),
    (
        ["sample", "full"],
        1,
        "no run at 'full': it holds no config.json. Train one with `gancli train DATASET --outdir full`.",
    ),
    (["interpolate", "{run}", "--rows", "0"], 2, "--rows must be at least 1, got 0."),
    (["interpolate", "{run}", "--frames", "1"], 2, "--frames must be at least 2, got 1."),
    (["interpolate", "{run}", "-o", "w.npz"], 2, "--output must end in .png or .gif, got 'w.npz'."),
    (
        ["interpolate", "{run}", "--path", "lnear"],
        2,
        "unknown path 'lnear'. Did you mean 'linear'? Known: linear, slerp.",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD, ids=[" ".join(a) for a, _, _ in BAD])
def test_bad_input_is_one_line(digits_run, gancli, tmp_path, arguments, code, message):
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    filled = [argument.format(run=digits_run) for argument in arguments]
    assert gancli(*filled) == (code, "", f"error: {message.format(run=digits_run)}\n")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_step_that_is_none_is_a_usage_error(digits_run, gancli):
    code, out, err = gancli("sample", digits_run, "--step", "last")
    assert (code, out) == (2, "")
    assert "must be a step, 'latest' or 'best', got 'last'." in " ".join(err.replace("│", "").split())


def test_a_run_without_a_checkpoint_is_one_line(digits_run, gancli):
    shutil.copytree(digits_run, "run")
    shutil.rmtree("run/checkpoints")
    assert gancli("sample", "run") == (1, "", "error: run 'run' has no complete checkpoint yet.\n")


def test_a_full_disk_leaves_nothing_half_written(digits_run, gancli, monkeypatch):
    import errno

    def full(self, data):
        with open(self, "wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    for output in ("s.png", "s.npz", "out"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", full)
            code, out, err = gancli("sample", digits_run, "-o", output)
        assert (code, out, err) == (1, "", f"error: cannot write {output}: No space left on device.\n")
    assert list(Path().iterdir()) == []


def test_points_cannot_be_a_folder_of_images(points_run, gancli):
    for options in (["-o", "out"], ["--nearest"]):
        assert gancli("sample", points_run, *options) == (
            2,
            "",
            f"error: the run in '{points_run}' draws points, not images: --output must end in .png or .npz.\n",
        )
    assert gancli("interpolate", points_run, "-o", "w.gif") == (
        2,
        "",
        f"error: the run in '{points_run}' draws points, not images: --output must end in .png.\n",
    )


def test_a_folder_is_one_by_its_slash_or_because_it_is_there(digits_run, gancli):
    Path("v1.1").mkdir()
    Path("v1.png").mkdir()
    for output in ("v1.0/", "v1.1", "v1.png", "plain"):
        assert gancli("sample", digits_run, "-n", 2, "-o", output)[0] == 0
        assert sorted(path.name for path in Path(output).iterdir()) == ["00000.png", "00001.png"]
    code, _, err = gancli("sample", digits_run, "-n", 2, "-o", "v1.2")
    assert (code, err) == (
        2,
        "error: --output must end in .png or .npz, or name a folder (a / at its end), got 'v1.2'.\n",
    )
    code, _, err = gancli("sample", digits_run, "-n", 2, "-o", "v1.0/")
    assert (code, err) == (1, "error: 'v1.0' exists and is not an empty folder. Choose another --output.\n")
