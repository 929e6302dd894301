"""The class of every image, from tables and folders."""

import json
import unicodedata

import pytest

from gancli.data.images.classes import find_labels
from gancli.errors import GancliError

NAMES = ["a/1.png", "a/2.png", "b/3.png"]


def labels(names=NAMES, **tables):
    """Return the classes of images beside tables, whose names have a dot for every ``__``."""
    files = dict.fromkeys(names, b"") | {name.replace("__", "."): text.encode() for name, text in tables.items()}
    readers = {name: lambda content=content: content for name, content in files.items()}
    return list(find_labels("here", readers, names).by_name.values())  # type: ignore[arg-type]


def refused(**tables):
    with pytest.raises(GancliError) as error:
        labels(**tables)
    return str(error.value)


def rows(delimiter, *, quote=""):
    return "".join(f"{name}{delimiter}{quote}{label}{quote}\n" for name, label in zip(NAMES, "xyx", strict=True))


def test_folders_are_classes():
    assert labels() == ["a", "a", "b"]
    assert labels(["1.png", "a/2.png"]) == ["", "a"]
    assert labels(["a/1.png", "a/2.png"]) == ["a", "a"]
    assert labels(["top/a/1.png", "top/b/2.png"]) == ["a", "b"]


@pytest.mark.parametrize(
    "table",
    [rows(","), rows(";"), rows("\t"), rows(", ", quote='"'), "\ufefffile;class\n" + rows(";"), rows(",") + "more\n"],
)
def test_a_table_as_people_write_it(table):
    assert labels(labels__csv=table) == ["x", "y", "x"]
    assert labels(LABELS__CSV=table) == ["x", "y", "x"]


def test_accents_may_be_written_in_two_ways():
    name = "é.png"
    apart = unicodedata.normalize("NFD", name)
    assert apart != name
    assert labels([apart], labels__csv=f"{name},x\n") == ["x"]


def test_a_table_that_is_wrong_says_where():
    assert refused(labels__csv="a/1.png,x\n") == (
        "labels.csv in 'here' has no class for 2 images, the first is a/2.png."
    )
    assert refused(labels__csv=rows(",") + "a/1.png,z\n") == (
        "labels.csv in 'here' gives a/1.png two classes: 'x', and 'z' in row 4."
    )
    assert refused(labels__csv="") == "labels.csv in 'here' has no row of a file and its class."


def test_nvidias_json():
    pairs = [[name, 7 - place] for place, name in enumerate(NAMES)]
    assert labels(dataset__json=json.dumps({"labels": pairs})) == ["7", "6", "5"]
    assert labels(dataset__json=json.dumps({"labels": dict(pairs)})) == ["7", "6", "5"]
    assert labels(dataset__json=json.dumps({"labels": None})) == ["", "", ""]
    assert labels(dataset__json=json.dumps({"labels": pairs}), labels__csv=rows(",")) == ["x", "y", "x"]
    assert refused(dataset__json=json.dumps({"labels": pairs[:1]})) == (
        "dataset.json in 'here' has no class for 2 images, the first is a/2.png."
    )
    for content in ("no JSON", '{"labels": 7}'):
        assert refused(dataset__json=content) == (
            "dataset.json in 'here' is not NVIDIA's: no list of files and labels."
        )


@pytest.mark.parametrize("content", ['{"info": {"year": 2020}}', "[1, 2]"])
def test_another_json_of_that_name_leaves_the_folders_their_classes(content):
    assert labels(dataset__json=content) == ["a", "a", "b"]
