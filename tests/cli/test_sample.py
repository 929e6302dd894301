"""``gancli sample`` and ``gancli interpolate``: what they write and where, and what they say about bad input."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gancli.data.load import load
from gancli.imaging.sheets import GAP, GROUP_GAP, LINE_HEIGHT, MARGIN, SHADE
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
    assert gancli("sample", digits_run, "-n", 5, "--scale", 7, "-o", "s.png")[0] == 0
    gancli("sample", digits_run, "-n", 5, "--output", "s.npz")
    with Image.open("s.png") as picture:
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
        ["output", "ckpt/pictures/samples.png"],
        ["samples", "64", "of", "step", "40,", "averaged", "weights,", "seed", "0"],
    ]
    assert gancli("sample", "ckpt/", "-n", 64)[0] == 0


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_pictures_of_a_run_lie_in_its_folder_and_the_next_ones_replace_them(digits_run, gancli):
    shutil.copytree(digits_run, "run")
    before = files("run")
    for _ in range(2):
        for command in ("sample", "interpolate"):
            code, out, _ = gancli(command, "run", "--json")
            assert (code, set(os.listdir())) == (0, {"run"})
            assert Path(json.loads(out)["output"]).parent == Path("run/pictures")
    assert set(files("run")) - set(before) == {"pictures/samples.png", "pictures/interpolation.png"}
    first = files("run")["pictures/samples.png"]
    assert gancli("sample", "run", "--seed", 1)[0] == 0
    assert files("run")["pictures/samples.png"] != first
    assert {name: files("run")[name] for name in before} == before
    Path("run/pictures/samples.png").write_text("mine")
    code, _, err = gancli("sample", "run")
    assert (code, err.count("\n")) == (1, 1)
    assert Path("run/pictures/samples.png").read_text() == "mine"


def test_a_new_run_in_a_folder_takes_its_pictures_away(gancli):
    for more in ((), ("--overwrite",)):
        assert gancli("train", "ring", *tiny(steps=2), *more)[0] == 0
        assert not Path("ckpt/pictures").exists()
        assert gancli("sample")[0] == 0


def test_pictures_of_an_export_lie_in_its_folder_beside_those_of_its_card(digits_run, gancli):
    gancli("export", digits_run, "--output", "out")
    before = files("out")
    assert gancli("sample", "out", "-n", 4)[1].split()[:2] == ["output", "out/pictures/samples.png"]
    assert gancli("interpolate", "out")[0] == 0
    after = files("out")
    assert set(after) - set(before) == {"pictures/samples.png", "pictures/interpolation.png"}
    assert {name: after[name] for name in before} == before


def test_what_the_user_names_is_replaced_if_the_user_says_so(digits_run, gancli):
    names = [("sample", "x.png"), ("sample", "x.webp"), ("sample", "x.npz"), ("interpolate", "y.png")]
    names += [("interpolate", "y.gif"), ("interpolate", "y.webp")]
    for command, name in names:
        Path(name).write_text("mine")
        message = f"error: '{name}' exists. Replace it with --overwrite, or choose another --output.\n"
        assert gancli(command, digits_run, "-o", name) == (1, "", message)
        assert Path(name).read_text() == "mine"
        assert gancli(command, digits_run, "-o", name, "--overwrite")[0] == 0
        assert Path(name).read_bytes() != b"mine"


@pytest.mark.parametrize(("scale", "side"), [(None, 32), (1, 1), (3, 3)])
def test_images_are_enlarged_by_a_whole_factor(digits_run, gancli, scale, side):
    option = () if scale is None else ("--scale", scale)
    for command, options, across, down in (
        ("sample", ("-n", 4), 2, 2),
        ("interpolate", ("--rows", 3, "--frames", 4), 4, 3),
    ):
        assert gancli(command, digits_run, *options, *option, "-o", f"{command}.png")[0] == 0
        with Image.open(f"{command}.png") as picture:
            assert picture.size == (across * (8 * side + 2) + 2, down * (8 * side + 2) + 2)
    for name in ("w.gif", "w.webp"):
        assert gancli("interpolate", digits_run, "--rows", 4, "--frames", 2, *option, "-o", name)[0] == 0
        with Image.open(name) as picture:
            assert picture.size == (2 * (8 * side + 2) + 2, 2 * (8 * side + 2) + 2)


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
    assert gancli("sample", digits_run, "-n", 4, "--nearest", "--scale", 7, "-o", "n.webp")[0] == 0
    gancli("sample", digits_run, "-n", 4, "--output", "s.npz")
    samples = arrays("s.npz")["samples"]
    train = load("digits")
    with Image.open("n.webp") as picture:
        sheet = np.asarray(picture.convert("L"))
    heading, gap = 3 * LINE_HEIGHT + MARGIN, GROUP_GAP - GAP
    assert sheet.shape == (heading + 2 * 58 + 2, 3 * 58 + 2 + gap)
    for left, right in ((2, 118), (118 + gap, 174 + gap)):  # "samples", "nearest training image"
        assert (sheet[:heading, left:right] > 200).any()
    assert (sheet[:, 116 : 116 + GROUP_GAP] == SHADE).all()
    for row, neighbor in enumerate((samples[1], samples[3])):
        distances = ((train.examples / 255.0 - neighbor) ** 2).sum(axis=(1, 2, 3))
        top = heading + row * 58 + 2
        tile = sheet[top : top + 56 : 7, 118 + gap : 174 + gap : 7]
        np.testing.assert_array_equal(tile, train.examples[distances.argmin(), ..., 0])


def test_the_nearest_example_of_a_training_example_is_itself():
    train = load("digits")
    chosen = train.flat()[[0, 700, 1296]]
    np.testing.assert_array_equal(nearest(chosen, train.flat())[1][:, 0], [0, 700, 1296])


def test_points_are_plotted_or_kept_as_arrays(points_run, gancli):
    for command, name, form in (
        ("sample", "s.png", "PNG"),
        ("sample", "s.webp", "WEBP"),
        ("interpolate", "i.png", "PNG"),
    ):
        assert gancli(command, points_run, "-o", name)[0] == 0
        with Image.open(name) as picture:
            assert picture.format == form
            assert min(picture.size) > 300
    gancli("sample", points_run, "-n", 50, "--output", "s.npz")
    assert set(arrays("s.npz")) == {"samples", "latents"}


def test_interpolation_rows_run_between_independent_draws(digits_run, gancli):
    assert gancli("interpolate", digits_run, "--rows", 3, "--frames", 4, "--scale", 7, "-o", "i.png")[0] == 0
    gancli("sample", digits_run, "-n", 6, "--output", "s.npz")
    ends = arrays("s.npz")["images"]
    with Image.open("i.png") as picture:
        sheet = np.asarray(picture)
    assert sheet.shape == (3 * 58 + 2, 4 * 58 + 2)
    for row in range(3):
        for column, end in ((0, ends[2 * row]), (3, ends[2 * row + 1])):
            tile = sheet[row * 58 + 2 : row * 58 + 58 : 7, column * 58 + 2 : column * 58 + 58 : 7]
            np.testing.assert_array_equal(tile, end[..., 0])


@pytest.mark.parametrize("name", ["w.gif", "w.webp"])
def test_an_animation_goes_there_and_back(digits_run, gancli, name):
    code, out, _ = gancli(
        "interpolate", digits_run, "--rows", 4, "--frames", 5, "--path", "slerp", "-o", name, "--json"
    )
    assert code == 0
    assert json.loads(out) == {
        **{"output": name, "rows": 4, "frames": 5, "path": "slerp", "step": 40, "ema": True, "seed": 0},
    }
    with Image.open(name) as gif:
        frames = []
        for index in range(getattr(gif, "n_frames", 1)):
            gif.seek(index)
            frames.append(np.asarray(gif.convert("L")))
        assert gif.info["loop"] == 0
    assert len(frames) == 8
    np.testing.assert_array_equal(frames[1], frames[7])
    np.testing.assert_array_equal(frames[3], frames[5])
    assert not np.array_equal(frames[0], frames[4])


def test_a_film_is_made_by_ffmpeg(digits_run, gancli, monkeypatch):
    Path("bin").mkdir()
    Path("bin/ffmpeg").write_text('#!/bin/sh\ncat > frames; for last; do :; done; echo film > "${last#file:}"\n')
    Path("bin/ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(Path("bin").absolute()), prepend=":")
    options = ("--rows", 4, "--frames", 3, "--scale", 2)
    code, out, _ = gancli("interpolate", digits_run, *options, "-o", "w.mp4")
    assert (code, out.split()[:2], Path("w.mp4").read_text()) == (0, ["output", "w.mp4"], "film\n")
    gancli("interpolate", digits_run, *options, "-o", "w.webp")
    sent = np.frombuffer(Path("frames").read_bytes(), np.uint8).reshape(4, 38, 38, 3)
    with Image.open("w.webp") as animation:
        for index, frame in enumerate(sent):
            animation.seek(index)
            np.testing.assert_array_equal(np.asarray(animation.convert("RGB")), frame)


def test_without_ffmpeg_a_film_is_refused_before_any_work(gancli, monkeypatch):
    monkeypatch.setenv("PATH", "")
    message = "an .mp4 needs the program ffmpeg, and none is on the PATH. Install it, or choose .gif or .webp."
    assert gancli("interpolate", "no-run", "-o", "w.mp4") == (1, "", f"error: {message}\n")


BAD = [
    (["sample", "{run}", "-n", "0"], 2, "-n must be at least 1, got 0."),
    (["sample", "{run}", "--seed", "-1"], 2, "--seed must be in [0, 2^32), got -1."),
    (
        ["sample", "{run}", "-o", "s.jpg"],
        2,
        "--output must end in .png, .webp or .npz, or name a folder (a / at its end), got 's.jpg'.",
    ),
    (
        ["sample", "{run}", "-o", "s.npz", "--nearest"],
        2,
        "--nearest adds a column to a grid, so --output must end in .png or .webp, got 's.npz'.",
    ),
    (
        ["sample", "{run}", "-o", "s.npz", "--scale", "2"],
        2,
        "--scale enlarges a grid, so --output must end in .png or .webp, got 's.npz'.",
    ),
    (["sample", "{run}", "--scale", "0"], 2, "--scale must be at least 1, got 0."),
    (["interpolate", "{run}", "--scale", "-3"], 2, "--scale must be at least 1, got -3."),
    (
        ["sample", "{run}", "--scale", "129", "-o", "s.png"],
        2,
        "--scale 129 makes a picture of 64 images of 1,032x1,032 pixels, more than 67,108,864 pixels in all. "
        "Choose a --scale of at most 128.",
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
    (["interpolate", "{run}", "-o", "w.npz"], 2, "--output must end in .png, .gif, .webp or .mp4, got 'w.npz'."),
    (["interpolate", "{run}", "-o", "w"], 2, "--output must end in .png, .gif, .webp or .mp4, got 'w'."),
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

    for output in ("s.png", "s.webp", "s.npz", "out"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", full)
            code, out, err = gancli("sample", digits_run, "-o", output)
        assert (code, out, err) == (1, "", f"error: cannot write {output}: No space left on device.\n")
    assert list(Path().iterdir()) == []


def test_points_cannot_be_a_folder_of_images(points_run, gancli):
    points = f"the run in '{points_run}' draws points, not images: --output must end in .png"
    for options in (["-o", "out"], ["--nearest"]):
        assert gancli("sample", points_run, *options) == (2, "", f"error: {points}, .webp or .npz.\n")
    for name in ("w.gif", "w.webp"):
        assert gancli("interpolate", points_run, "-o", name) == (2, "", f"error: {points}.\n")
    message = f"error: --scale is for images, and the run in '{points_run}' draws points. Leave it out.\n"
    for command in ("sample", "interpolate"):
        assert gancli(command, points_run, "--scale", 2, "-o", "x.png") == (2, "", message)


def test_a_folder_is_one_by_its_slash_or_because_it_is_there(digits_run, gancli):
    Path("v1.1").mkdir()
    Path("v1.png").mkdir()
    for output in ("v1.0/", "v1.1", "v1.png", "plain"):
        assert gancli("sample", digits_run, "-n", 2, "-o", output)[0] == 0
        assert sorted(path.name for path in Path(output).iterdir()) == ["00000.png", "00001.png"]
    code, _, err = gancli("sample", digits_run, "-n", 2, "-o", "v1.2")
    assert (code, err) == (
        2,
        "error: --output must end in .png, .webp or .npz, or name a folder (a / at its end), got 'v1.2'.\n",
    )
    code, _, err = gancli("sample", digits_run, "-n", 2, "-o", "v1.0/")
    assert (code, err) == (1, "error: 'v1.0' exists and is not an empty folder. Choose another --output.\n")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("sample", "-n", 10**15, "--output", "x.npz", "--quiet"), "-n"),
        (("evaluate", "--samples", 10**15, "--fid", "--quiet"), "--samples"),
        (("interpolate", "--rows", 1, "--frames", 10**15, "--output", "x.gif"), "--rows times --frames"),
    ],
    ids=["sample", "evaluate", "interpolate"],
)
def test_more_samples_than_memory_holds_are_refused_before_any_is_drawn(arguments, option, digits_run, gancli):
    code, _, err = gancli(arguments[0], digits_run, *arguments[1:])
    assert code == 2
    # 8x8 pixels and 8 latents of 4 bytes each
    assert err.startswith(f"error: {option} {10**15}: so many samples take 268,220,901.5 GiB of memory, and ")
    assert err.endswith(" GiB are free. Take fewer; another --seed draws others.\n")
