import numpy as np
import pytest
from PIL import Image

from gancli.errors import GancliError
from gancli.evaluation.image_sets import ImageSet, open_images
from gancli.runs.trained import Trained
from gancli.sampling.draws import draw_latents


def write(folder, count=3):
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 6, 4), np.uint8)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{index}.png")
    return images


def test_a_folder_and_its_arrays_are_the_same_images(tmp_path):
    images = write(tmp_path / "folder")
    np.save(tmp_path / "x.npy", images)
    one, other = (open_images(str(tmp_path / name), None) for name in ("folder", "x.npy"))
    assert one.shape == other.shape == (4, 6, 3)
    np.testing.assert_array_equal(one.pixels(), other.pixels())


def test_a_set_goes_by_its_content_not_by_its_place(tmp_path):
    digits = open_images("digits/test", None)
    assert digits.dataset is not None
    np.save(tmp_path / "x.npy", digits.dataset.examples)
    np.savez(tmp_path / "y.npz", images=digits.dataset.examples)
    write(tmp_path / "one" / "deep")
    write(tmp_path / "other")
    for name in ("x.npy", "y.npz"):
        assert open_images(str(tmp_path / name), None).fingerprint() == digits.fingerprint()
    one, other = (open_images(str(tmp_path / name), None) for name in ("one/deep", "other"))
    assert one.fingerprint() == other.fingerprint()
    (tmp_path / "other" / "0.png").replace(tmp_path / "other" / "9.png")
    assert open_images(str(tmp_path / "other"), None).fingerprint() != one.fingerprint()


def test_draws_go_by_weights_and_latents(digits_run):
    pairs = [Trained.load(digits_run, step="latest", ema=ema).pair for ema in (True, True, False)]
    sets = [ImageSet.of_draws("", pair, draw_latents(pair.draws, 5, 0)) for pair in pairs]
    sets.append(ImageSet.of_draws("", pairs[0], draw_latents(pairs[0].draws, 5, 1)))
    one, same, raw, seed = (images.fingerprint() for images in sets)
    assert one == same
    assert len({one, raw, seed}) == 3


def test_a_data_set_knows_its_other_splits():
    digits = open_images("digits/test", None)
    assert digits.dataset is not None
    assert len(digits.dataset.other("train")) == 1297


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/at/all", "no such folder or file: 'nowhere/at/all'."),
        ("runs", "'runs' holds runs of gancli ('hinge' is one), whose pictures are no data. "
         "Give one of the runs, or a folder without runs."),
        ("x.parquet", "'x.parquet' has no form that gancli reads. "
         "Give a folder of images, or a .zip, .npz or .npy file."),
    ],
)  # fmt: skip
def test_what_is_no_set_of_images(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "runs" / "hinge")
    (tmp_path / "runs" / "hinge" / "config.json").write_text('{"gancli": "0.1"}')
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(GancliError) as error:
        open_images(name, None)
    assert str(error.value) == message


def test_slices_are_all_of_the_images():
    images = ImageSet.of_dataset(open_images("digits/validation", None).dataset)  # type: ignore[arg-type]
    assert [len(batch) for batch in images.batches(100)] == [100, 100, 50]
