"""``--game cycle`` and ``gancli translate``: from two folders of images to translations of any image."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from gancli.evaluation.likeness import Likeness
from gancli.games.translates import Translators
from gancli.imaging.heat import heated
from gancli.imaging.pixels import to_uint8
from gancli.runs.checkpoints import digest
from gancli.runs.exported import TRANSLATORS, write_translators
from gancli.runs.folder import Run
from gancli.runs.trained import Trained
from gancli.sampling.translations import attention, translate
from gancli.training.game import layout
from gancli.training.state import split_state
from tests.playing import assert_equal
from tests.together import begin, ends

NETWORKS = ("--game", "cycle", "--base-channels", 2, "--blocks", 1, "--history", 3, "--schedule-steps", 4)
STEPS = ("--log-every", 2, "--sample-every", 4, "--checkpoint-every", 2, "--evaluate-every", 4, "--quiet")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """Bright and dark images, in the folders of the convention."""
    folder, rng = tmp_path_factory.mktemp("data") / "set", np.random.default_rng(0)
    for name, count, low in (("trainA", 6, 0), ("trainB", 9, 128), ("testA", 3, 0), ("testB", 4, 128)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(rng.integers(low, low + 128, (16, 16, 3), np.uint8)).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory) -> Path:
    """A run of four steps; tests must not change it."""
    from gancli.cli.app import entry_point

    folder = tmp_path_factory.mktemp("cycle") / "run"
    with pytest.raises(SystemExit) as stop:
        entry_point([str(word) for word in ("train", images, "--outdir", folder, "--steps", 4, *NETWORKS, *STEPS)])
    assert not stop.value.code
    return folder


@pytest.fixture(scope="module")
def attending(trained, tmp_path_factory) -> Path:
    """Exported translators with attention, of any weights: to train them takes long to compile."""
    record = Run.open(trained).record
    record = dataclasses.replace(record, config=dataclasses.replace(record.config, model="ugatit", history=0))
    shapes, rng = layout(record.game()).params, np.random.default_rng(0)
    own = {
        name: jax.tree.map(lambda leaf: rng.normal(0, 0.2, leaf.shape).astype(np.float32), shapes[name])
        for name in ("generator_ab", "generator_ba")
    }
    folder = tmp_path_factory.mktemp("ugatit")
    (folder / "config.json").write_text(record.to_json())
    write_translators(folder / TRANSLATORS, own, 0, ema=True)
    return folder


def pixels(path: Path | str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def saved(folder: Path, step: int):
    run = Run.open(folder)
    game = run.record.game()
    names = tuple(jax.eval_shape(split_state, layout(game)))
    with run.checkpoints() as checkpoints:
        return checkpoints.restore(game, names, step)


def test_a_run_keeps_both_domains_their_pictures_and_what_it_measures(trained):
    run = Run.open(trained)
    assert [(one.name, one.num_examples, one.rows) for one in run.record.domains] == [("a", 6, (1,)), ("b", 9, (1,))]
    assert run.record.config.mirror
    assert [path.name for path in sorted((trained / "samples").iterdir())] == ["fakes000000.png", "fakes000004.png"]
    assert (trained / "curves.png").exists() is False  # two lines make no curves
    lines = run.metrics()
    assert [line["step"] for line in lines] == [2, 4]
    found = lines[-1]["translation"]
    for kind in ("kid", "fid", "cycle", "identity"):
        assert found[kind] == pytest.approx((found[f"{kind}_ab"] + found[f"{kind}_ba"]) / 2)
    assert found["fid_untranslated"] > 0
    assert run.scores() == {4: found["kid"]}


def write_masks(images: Path, folder: Path, *names: str) -> None:
    """Write masks whose upper half is white."""
    mask = np.zeros((16, 16), np.uint8)
    mask[:8] = 255
    for path in (path for name in names for path in (images / name).iterdir()):
        place = folder / path.relative_to(images).with_suffix(".webp")
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(place, lossless=True)


def test_changes_outside_of_masks_are_measured(trained, images, gancli):
    write_masks(images, Path("masks"), "testA")
    code, out, _ = gancli("evaluate", trained, "--translation", "--masks", "masks", "--json", "--quiet")
    assert code == 0
    found = json.loads(out)["metrics"]["translation"]
    assert found["protocol"]["masks_ab"]["count"] == 3
    game = Trained.load(trained, step="latest", ema=True)
    translators = Translators.of(game.game, game.weights)
    own = np.stack([pixels(path) for path in (images / "testA").iterdir()]).astype(np.float32) / 255
    change = np.abs(translate(translators.ways[0], translators.weights[0], own) - own)
    assert found["changed_inside_ab"] == pytest.approx(change[:, :8].mean(), rel=1e-5)
    assert found["changed_outside_ab"] == pytest.approx(change[:, 8:].mean(), rel=1e-5)
    assert "changed_outside_ba" not in found
    write_masks(images, Path("masks"), "testB", "trainB")
    code, out, err = gancli("evaluate", trained, "--masks", "masks")
    assert (code, "B to A change 0." in out) == (0, True)
    assert "passed over 9 masks of no test image in 'masks'\n" in err


def test_masks_that_do_not_fit_are_one_line(trained, images, gancli):
    def said(*arguments):
        code, _, err = gancli("evaluate", *arguments, "--quiet")
        return code, err.strip()

    write_masks(images, Path("masks"), "trainA")
    code, err = said(trained, "--masks", "masks")
    assert (code, re.sub(r"\d", "N", err)) == (
        2,
        "error: --masks 'masks' has a mask of no test image. Name masks as their images, as 'testA/N.png'.",
    )
    write_masks(images, Path("some"), "testA")
    (Path("some") / "testA" / "1.webp").unlink()
    assert said(trained, "--masks", "some") == (
        2,
        "error: --masks 'some' has no mask for 1 of 3 images, the first of them 'testA/1.png'. Give all of them one, "
        "white where a translation may change it.",
    )
    write_masks(images, Path("some"), "testA")
    Image.fromarray(np.zeros((16, 12), np.uint8)).save(Path("some") / "testA" / "2.webp")
    assert said(trained, "--masks", "some") == (
        1,
        "error: mask testA/2.webp in 'some' cannot be used: a mask has the size of its image, got 12x16 and 16x16.",
    )
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(Path("some") / "testA" / "2.png")
    assert said(trained, "--masks", "some") == (
        2,
        "error: --masks 'some' has two masks of one image, testA/2.png and testA/2.webp. Remove one.",
    )
    assert said("digits/test", "--fid", "--masks", "some") == (
        2,
        "error: --masks 'some' is for --translation and --attributes. Leave it out, or give one of them.",
    )
    assert said("digits/test", "--translation", "--masks", "some") == (
        2,
        "error: --masks is for runs that translate, and 'digits/test' is none.",
    )


def test_translations_that_are_all_alike_fail_where_asked_to(trained, gancli, monkeypatch):
    code, _, _ = gancli("evaluate", trained, "--fail-on-collapse", "--quiet")
    assert code == 0
    monkeypatch.setattr("gancli.metrics.health.ONE_ANSWER", np.inf)
    code, out, _ = gancli("evaluate", trained, "--fail-on-collapse", "--quiet")
    assert (code, "collapse: variety A to B " in out) == (4, True)


def test_twice_n_is_n_and_resume_and_n_with_the_history(trained, images, gancli):
    assert gancli("train", images, "--outdir", "half", "--steps", 2, *NETWORKS, *STEPS)[0] == 0
    (Path("half") / "likeness.npz").unlink()  # as of a run that was killed before it was written
    code, _, err = gancli("train", images, "--outdir", "half", "--steps", 4, "--resume", "--quiet")
    assert (code, err) == (0, "")
    assert (Path("half") / "likeness.npz").is_file()
    one, other = (saved(folder, 4) for folder in (trained, Path("half")))
    assert digest(one) == digest(other)
    assert_equal(one, other)
    assert int(one["training"]["memory"]["a"].filled) == 3
    assert Run.open(Path("half")).metrics()[-1]["cycle_loss"] == Run.open(trained).metrics()[-1]["cycle_loss"]
    shutil.copytree(images, "other")
    (Path("other") / "trainB" / "0.png").unlink()
    code, _, err = gancli("train", "other", "--outdir", "half", "--resume", "--quiet")
    assert code == 2
    assert err.startswith("error: the data set of the run in 'half' is ")


def test_images_keep_size_name_and_transparency_and_stand_upright(trained, gancli):
    rng = np.random.default_rng(1)
    Path("photos/deep").mkdir(parents=True)
    sideways = Image.Exif()
    sideways[0x0112] = 6
    Image.fromarray(rng.integers(0, 256, (21, 30, 3), np.uint8)).save("photos/a.jpg", exif=sideways)
    transparent = rng.integers(0, 256, (17, 16, 4), np.uint8)
    Image.fromarray(transparent).save("photos/deep/b.png")
    Image.fromarray(rng.integers(0, 256, (5, 16), np.uint8)).save("photos/c.gif")
    Path("photos/broken.png").write_bytes(b"nothing")
    code, out, err = gancli(
        "translate", trained, "photos", "--to", "B", "--output", "out", "--sheet", "s.png", "--json"
    )
    assert code == 0
    assert "left out 1 image in 'photos' (broken.png: it is no image, or its header is damaged).\n" in err
    found = json.loads(out)
    assert [(one["name"], one["width"], one["height"]) for one in found["images"]] == [
        *(("a.jpg", 21, 30), ("c.gif", 16, 5), ("deep/b.png", 16, 17)),
    ]
    files = sorted(str(path.relative_to("out")) for path in Path("out").rglob("*") if path.is_file())
    assert files == ["a.jpg", "c.gif.png", "deep/b.png"]
    for name, size, mode in (
        ("a.jpg", (21, 30), "RGB"),
        ("c.gif.png", (16, 5), "RGB"),
        ("deep/b.png", (16, 17), "RGBA"),
    ):
        with Image.open(Path("out") / name) as image:
            assert (image.size, image.mode) == (size, mode)
    np.testing.assert_array_equal(pixels("out/deep/b.png")[..., 3], transparent[..., 3])
    assert pixels("s.png").ndim == 3


def test_a_zip_is_translated_as_a_folder_is(trained, images, gancli):
    shutil.make_archive("photos", "zip", images / "testA")
    command = ("translate", trained, "--to", "B", "--sheet", "s.png", "--overwrite", "--quiet")
    assert gancli(*command, images / "testA", "-o", "folder")[0] == 0
    assert gancli(*command, "photos.zip", "-o", "zip")[0] == 0
    assert [path.name for path in sorted(Path("zip").iterdir())] == ["0.png", "1.png", "2.png"]
    for path in Path("zip").iterdir():
        assert path.read_bytes() == (Path("folder") / path.name).read_bytes()


def test_it_is_the_averaged_translator_of_that_way_and_needs_no_other_data(trained, images, gancli):
    loaded = Trained.load(trained, step="latest", ema=True)
    both = Translators.of(loaded.game, loaded.weights)
    name = images / "testB" / "0.png"
    assert gancli("translate", trained, name, "--to", "a", "-o", "out", "--sheet", "s.png", "--quiet")[0] == 0
    wanted = translate(both.ways[1], both.weights[1], pixels(name)[None], block=1)[0]
    np.testing.assert_array_equal(pixels("out/0.png"), to_uint8(wanted))
    other = translate(both.ways[0], both.weights[0], pixels(name)[None], block=1)[0]
    assert np.abs(wanted - other).max() > 1 / 255


def test_files_that_are_there_are_left_replaced_or_refused(trained, images, gancli):
    command = ("translate", trained, images / "testA", "--to", "B", "-o", "out", "--sheet", "s.png", "--quiet")
    assert gancli(*command)[0] == 0
    code, _, err = gancli("translate", trained, images / "testA", "--to", "B", "-o", "out", "--sheet", "t.png")
    assert code == 1
    assert err == (
        "error: 'out/0.png' exists. Leave such files as they are with --skip-existing, replace them with --overwrite, "
        "or choose another --output.\n"
    )
    Path("out/1.png").unlink()
    Path("out/0.png").write_bytes(b"mine")
    code, out, _ = gancli(*command[:-3], "--sheet", "t.png", "--skip-existing", "--json", "--quiet")
    assert [one.get("skipped", False) for one in json.loads(out)["images"]] == [True, False, True]
    assert Path("out/0.png").read_bytes() == b"mine"
    assert gancli(*command, "--overwrite")[0] == 0
    assert Path("out/0.png").read_bytes() != b"mine"


def test_without_held_out_images_it_trains_and_says_that_nothing_is_measured(images, gancli):
    command = ("train", images / "trainA", "--to", images / "trainB", "--outdir", "x", "--held-out", 0, "--steps", 2)
    code, _, err = gancli(*command, *NETWORKS, *STEPS)
    assert code == 0
    assert (
        "warning: the run is not evaluated while it trains: --metrics translation needs at least 2 images, and 0 of "
        f"'{images / 'trainA'}' are held out (--held-out).\n"
    ) in err
    assert (Path("x") / "samples" / "fakes000000.png").is_file()
    assert Run.open(Path("x")).record.config.to_domain == str(images / "trainB")


@pytest.mark.usefixtures("rehearsed_once")
def test_a_dry_run_tells_the_price(images, gancli):
    code, out, _ = gancli("train", images, "--steps", 4, *NETWORKS, *STEPS, "--dry-run", "--json")
    found = json.loads(out)
    assert (code, Path("ckpt").exists()) == (0, False)
    assert set(found["parameters"]) == {"generator_ab", "generator_ba", "discriminator_a", "discriminator_b"}
    assert found["data_bytes"] == 15 * 16 * 16 * 3
    assert found["epochs"] == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--to", "zebra"), "--to must be one of A, B, got 'zebra'."),
        (("--to", "B", "--overwrite", "--skip-existing"), "--skip-existing and --overwrite exclude each other."),
        (("--to", "B", "--skip-existing"), "--skip-existing is for the files in --output DIR. Give it, too."),
        (("--to", "B", "--sheet", "s.gif"), "--sheet must end in .png or .webp, got 's.gif'."),
    ],
    ids=str,
)
def test_wrong_options_are_refused(trained, images, gancli, words, message):
    assert gancli("translate", trained, images / "testA", *words) == (2, "", f"error: {message}\n")


def test_translations_do_not_lie_among_the_images(trained, images, gancli):
    code, _, err = gancli("translate", trained, images / "testA", "--to", "B", "-o", images / "testA", "--overwrite")
    assert code == 2
    assert err == f"error: --output '{images / 'testA'}' is where the images lie. Choose another folder.\n"
    shutil.copytree(images / "testA", "photos")
    assert gancli("translate", trained, "photos", "--to", "B", "-o", "photos/deep/out") == (
        *(2, ""),
        "error: --output 'photos/deep/out' is inside of 'photos': the next call would translate what lies there, too. "
        "Choose a place outside of it.\n",
    )
    assert gancli("translate", trained, "photos", "--to", "B", "--sheet", "photos/s.png") == (
        *(2, ""),
        "error: --sheet 'photos/s.png' is inside of 'photos': the next call would translate what lies there, too. "
        "Choose a place outside of it.\n",
    )
    assert gancli("translate", trained, "photos/0.png", "--to", "B", "-o", "photos") == (
        *(2, ""),
        "error: --output 'photos' is where the images lie. Choose another folder.\n",
    )
    assert sorted(str(path) for path in Path().rglob("*")) == [
        "photos",
        *(f"photos/{number}.png" for number in range(3)),
    ]
    assert gancli("translate", trained, "photos", "--to", "B", "-o", ".", "--sheet", "s.png", "--quiet")[0] == 0
    assert Path("2.png").is_file()


def test_where_it_looks_lies_beside_each_translation(attending, images, gancli):
    command = ("translate", attending, images / "testA", "--to", "B", "--quiet", "--json")
    code, out, err = gancli(*command, "--attention", "-o", "out", "--sheet", "s.png")
    assert (code, err) == (0, "")
    first = json.loads(out)["images"][0]
    assert (first["output"], first["attention"]) == ("out/0.png", "out/0-attention.png")
    assert "answers" not in first
    assert [path.name for path in sorted(Path("out").iterdir())] == [
        *(f"{number}{end}.png" for number in range(3) for end in ("-attention", "")),
    ]
    assert gancli(*command, "-o", "plain", "--sheet", "t.png")[0] == 0
    np.testing.assert_array_equal(pixels("out/0.png"), pixels("plain/0.png"))
    loaded = Trained.load(attending, step="latest", ema=True)
    both = Translators.of(loaded.game, loaded.weights)
    image = pixels(images / "testA" / "0.png")
    heat = attention(both.ways[0], both.weights[0], image[None], block=1)
    assert heat.shape == (1, 16, 16, 1)
    np.testing.assert_array_equal(pixels("out/0-attention.png"), to_uint8(heated(image, heat[0, ..., 0])))
    # Of any size, as translations are; and what is there already is left.
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (21, 30, 3), np.uint8)).save("photo.jpg")
    command = ("translate", attending, "photo.jpg", "--to", "A", "--attention", "-o", "own", "--sheet", "u.png", "-q")
    assert gancli(*command)[0] == 0
    assert pixels("own/photo-attention.jpg").shape == (21, 30, 3)
    assert gancli(*command[:5], "--sheet", "one.png", "-q")[0] == 0
    assert pixels("u.png").shape[1] > pixels("one.png").shape[1]  # a column more
    Path("own/photo-attention.jpg").unlink()
    assert gancli(*command[:-2], "v.png", "-q", "--skip-existing")[0] == 0
    assert Path("own/photo-attention.jpg").is_file()


def test_a_run_without_attention_has_no_such_maps(trained, images, gancli):
    assert gancli("translate", trained, images / "testA", "--to", "B", "--attention") == (
        *(2, ""),
        "error: --attention is for runs whose translator has attention maps, such as those of --model ugatit; --model "
        "resnet-translator has none.\n",
    )


def test_no_translation_takes_the_place_of_another(trained, images, gancli):
    Path("photos").mkdir()
    for name in ("a.gif", "a.gif.png"):
        Image.fromarray(np.zeros((16, 16), np.uint8)).save(f"photos/{name}")
    assert gancli("translate", trained, "photos", "--to", "B", "-o", "out") == (
        *(2, ""),
        "error: two of the images in 'photos' would be written to 'out/a.gif.png'. Rename one of them.\n",
    )


def test_other_runs_translate_nothing_and_this_one_draws_nothing(trained, digits_run, images, gancli):
    code, _, err = gancli("translate", digits_run, images, "--to", "B")
    assert (code, err) == (
        2,
        "error: --game adversarial translates nothing. Train with --game cycle, contrastive, paired or attributes.\n",
    )
    for verb in ("sample", "interpolate", "parzen"):
        code, _, err = gancli(verb, trained)
        assert code == 2, err
        assert err == (
            "error: --game cycle draws no samples: it translates. Use `gancli translate RUN IMAGES --to B`.\n"
        )


def test_it_is_evaluated_by_what_it_measures_while_it_trains(trained, gancli, monkeypatch):
    loaded, load_two = [], Trained.load_two
    monkeypatch.setattr(Trained, "load_two", lambda *arguments: loaded.append(1) or load_two(*arguments))
    code, out, err = gancli("evaluate", trained, "--features", "cifar10-classifier", "--json", "--quiet")
    assert (code, err, len(loaded)) == (0, "", 1)
    found = json.loads(out)["metrics"]["translation"]
    logged = Run.open(trained).metrics()[-1]["translation"]
    numbers = {name: value for name, value in logged.items() if isinstance(value, float)}
    assert {name: found[name] for name in numbers} == pytest.approx(numbers, rel=1e-4)
    assert {name: found[name] for name in logged.keys() - numbers} == {"verdict": "healthy"} | dict.fromkeys(
        ("repeated_ab", "repeated_ba")  # of too few images
    )
    assert found["protocol"]["n"] == 3
    code, out, _ = gancli("evaluate", trained, "--quiet")
    _, table, _ = out.split("\n\n")
    heading, *rows = table.splitlines()
    labels = ["kernel distance", "Fréchet distance", "cycle error", "identity error"]
    assert re.split(r"\s{2,}", heading.strip()) == labels
    assert [row.split("  ")[0] for row in rows] == ["A to B", "B to A", "untranslated"]
    code, _, err = gancli("evaluate", trained, "--fid")
    assert code == 2
    assert err.endswith("error: --fid is of samples, and a run that translates draws none; take translation.\n")


def test_a_page_says_what_was_measured_on_what(trained, gancli):
    assert gancli("report", trained, "--output", "page.html", "--quiet")[0] == 0
    page = Path("page.html").read_text()
    assert "6 and 9 training images of A and B" in page
    assert "translations of A against images of B" in page
    assert "The same images at every step" in page
    assert "kernel distance, A to B" in page
    assert "so there is no verdict" not in page
    assert "the kernel distance is unbiased. ± is one standard error of choosing images." in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--latent-size", 3),
            "--latent-size 3 does nothing in the game 'cycle'. Leave it out, or choose another loss or game.",
        ),
        (("--k", 2), "--k 2 does nothing in the game 'cycle'. Leave it out, or choose another loss or game."),
        (("--loss", "energy"), "--game cycle needs a loss that compares outputs of D; --loss energy does not. "),
    ],
    ids=str,
)
def test_what_the_game_does_not_use_is_refused(images, gancli, words, message):
    code, _, err = gancli("train", images, "--game", "cycle", "--outdir", "x", *words, "--steps", 2, "--quiet")
    assert code == 2
    assert err.startswith(f"error: {message}")
    assert not Path("x").exists()


def test_a_second_domain_is_for_this_game(images, gancli):
    code, _, err = gancli("train", images / "trainA", "--to", images / "trainB", "--outdir", "x", "--steps", 2)
    assert code == 2
    assert err == (
        f"error: --to {images / 'trainB'} is for --game cycle, paired or contrastive; --game adversarial does not "
        f"use it. Leave it out, or choose one of these games.\n"
    )


def test_images_that_are_unlike_those_of_training_are_named(trained, images, gancli):
    Path("photos").mkdir()
    for number in range(3):
        flat = np.full((16, 16, 3), 40 * number, np.uint8)
        flat[:8] = 255
        Image.fromarray(flat).save(f"photos/{number}.png")
    code, out, err = gancli("translate", trained, "photos", "--to", "B", "--sheet", "s.png", "--json", "--quiet")
    assert code == 0
    assert all(one["unlike"] > 1 for one in json.loads(out)["images"])
    assert "3 images are unlike the images of A that the run was trained on, by features (" in err
    code, out, err = gancli("translate", trained, images / "trainA", "--to", "B", "--sheet", "t.png", "--json", "-q")
    assert (code, err) == (0, "")
    assert all(one["unlike"] < 1 for one in json.loads(out)["images"])
    assert (trained / "likeness.npz").is_file()


def test_images_are_compared_with_those_of_training_block_by_block(trained, images, gancli, monkeypatch):
    command = ("translate", trained, images / "trainA", "--to", "B", "--sheet", "s.png", "--overwrite", "--json", "-q")
    whole = gancli(*command)
    counts, ratios = [], Likeness.ratios
    monkeypatch.setattr(Likeness, "ratios", lambda self, block: counts.append(len(block)) or ratios(self, block))
    monkeypatch.setattr("gancli.workflows.translate.BLOCK", 4)
    assert gancli(*command) == whole
    assert counts == [4, 2]


def test_an_image_for_which_memory_is_short_is_translated_in_tiles_and_said(trained, gancli, monkeypatch):
    for module in ("gancli.sampling.whole_or_tiled", "gancli.sampling.tiles"):
        monkeypatch.setattr(f"{module}.SIDE", 32)
        monkeypatch.setattr(f"{module}.OVERLAP", 8)
    image = np.random.default_rng(2).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(image).save("large.png")
    command = ("translate", trained, "large.png", "--to", "B", "--sheet", "s.png", "--overwrite", "--quiet")
    code, _, err = gancli(*command, "--output", "whole")
    assert (code, "tiles" in err) == (0, False)
    monkeypatch.setattr("gancli.compute.devices.free_memory", lambda: 2**12)
    code, _, err = gancli(*command, "--output", "tiles")
    assert code == 0
    assert err.startswith(
        "warning: images of up to 52x40 were translated in tiles of 32 pixels, since a whole one takes about 0.0 GiB "
        "of memory and 0.0 GiB were free. Colors may differ between tiles; smaller images have none.\n"
    )
    whole, tiles = pixels("whole/large.png"), pixels("tiles/large.png")
    assert whole.shape == tiles.shape == image.shape
    assert 0 < np.abs(whole.astype(int) - tiles).mean() < 40  # of instance normalization, each tile has its own


def test_two_processes_translate_what_one_does(gancli, start, trained, images):
    command = ("translate", trained, images / "testA", "--to", "B", "--json", "--quiet")
    (code, out, err), follower = ends(begin(start, [*command, "-o", "two", "--sheet", "two.png"]))
    assert (code, follower) == (0, (0, "", ""))
    assert (0, out.replace("two", "one"), err) == gancli(*command, "-o", "one", "--sheet", "one.png")
    assert [path.name for path in sorted(Path("two").iterdir())] == ["0.png", "1.png", "2.png"]
    for name in ("0.png", "1.png", "2.png"):
        np.testing.assert_array_equal(pixels(f"two/{name}"), pixels(f"one/{name}"))
    np.testing.assert_array_equal(pixels("two.png"), pixels("one.png"))
