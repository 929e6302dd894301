"""``--game contrastive`` from two folders to translations one way."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from gancli.runs.folder import Run


def test_it_trains_from_its_line_translates_one_way_and_is_measured(tmp_path, monkeypatch, gancli):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, count, low in (("trainA", 4, 0), ("trainB", 5, 128), ("testA", 3, 0), ("testB", 3, 128)):
        (Path("set") / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(rng.integers(low, low + 128, (16, 16, 3), np.uint8)).save(f"set/{name}/{number}.png")
    networks = ("--base-channels", 2, "--blocks", 1, "--log-every", 2, "--evaluate-every", 2)
    code, _, err = gancli("train", "set", "--game", "contrastive", *networks, "--steps", 2, "--outdir", "run", "-q")
    assert code == 0, err
    line = Run.open(Path("run")).metrics()[-1]
    assert {"patch_loss", "identity_loss", "generator_loss", "discriminator_loss"} <= set(line)
    found = line["translation"]
    assert found["kid"] == found["kid_ab"]
    assert not {"kid_ba", "cycle"} & set(found)
    with Image.open("run/samples/fakes000002.png") as picture:
        assert picture.height > picture.width  # images and translations, and nothing that came back
    code, out, _ = gancli("translate", "run", "set/testA", "-o", "out", "--json", "--quiet")
    assert code == 0
    assert (json.loads(out)["from"], json.loads(out)["to"], len(list(Path("out").iterdir()))) == ("A", "B", 3)
    assert gancli("translate", "run", "set/testB", "--to", "A") == (
        2,
        "",
        "error: the run translates A to B alone, not to A.\n",
    )
    code, _, err = gancli("train", "set", "--game", "contrastive", "--cycle-weight", 3, "--outdir", "x", "-q")
    assert code == 2
    assert err.startswith(
        "error: --cycle-weight 3.0 is for --game cycle or attributes; --game contrastive does not use it."
    )
