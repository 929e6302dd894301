"""The class of every image, from tables and folders."""

import json
import unicodedata
from pathlib import Path

import pytest

from gancli.data.images.classes import find_labels, table_of
from gancli.errors import GancliError

NAMES = ["a/1.png", "a/2.png", "b/3.png"]


def find(names=NAMES, **tables):
    """Find the classes of images beside tables, whose names have a dot for every ``__``."""
    files = dict.fromkeys(names, b"") | {
        name.replace("__", "."): text.encode() if isinstance(text, str) else text for name, text in tables.items()
    }
    readers = {name: lambda content=content: content for name, content in files.items()}
    return find_labels(Path("here"), readers, names)


def labels(names=NAMES, **tables):
    return list(find(names, **tables).by_name.values())


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
    assert labels([apart], labels__csv=f"{name},{apart}\n") == [name]
    assert labels([f"{unicodedata.normalize('NFD', 'é')}/1.png", "é/2.png"]) == ["é", "é"]


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
    with pytest.raises(GancliError) as error:
        labels(dataset__json=json.dumps({"labels": [*pairs, [NAMES[0], 9]]}))
    assert str(error.value) == "dataset.json in 'here' gives a/1.png two classes: '7', and '9'."


@pytest.mark.parametrize(
    "content",
    [
        *('{"info": {"year": 2020}}', "[1, 2]", "no JSON", '{"labels": 7}', "7", "", "[" * 100_000),
        *('{"labels": ["cat", "dog"]}', '{"labels": [["cat", 0]]}', '{"labels": []}', '{"labels": {"cat": 1}}'),
    ],
)
def test_another_json_of_that_name_leaves_the_folders_their_classes(content):
    found = find(dataset__json=content)
    assert (list(found.by_name.values()), found.table) == (["a", "a", "b"], "")
    assert found.notes == (
        "dataset.json in 'here' is not used: it is no list of these files and their labels, as NVIDIA's is",
    )


def test_a_json_that_says_that_there_are_no_classes_is_told():
    found = find(dataset__json='{"labels": null}')
    assert found.notes == ("dataset.json in 'here' says that there are no classes",)
    assert labels(dataset__json=json.dumps({"labels": [[name, "\ud800"] for name in NAMES]})) == ["?"] * 3


@pytest.mark.parametrize("before", ["./", "/data/pets/", "C:\\Users\\me\\pets\\", "pets/", "..\\pets\\"])
def test_names_in_a_table_may_begin_with_a_folder_that_images_do_not(before):
    table = rows(",").replace("a/", f"{before}a/").replace("b/", f"{before}b/")
    assert labels(labels__csv=table) == ["x", "y", "x"]
    pairs = [[before + name, label] for name, label in zip(NAMES, "xyx", strict=True)]
    assert labels(dataset__json=json.dumps({"labels": pairs})) == ["x", "y", "x"]


def test_a_folder_before_names_is_one_for_all():
    """Those of another folder are other files, even if they are called the same."""
    table = "".join(f"train/{name},x\n" for name in NAMES) + "test/a/1.png,y\n"
    found = find(labels__csv=table)
    assert list(found.by_name.values()) == ["x"] * 3
    assert found.notes == (
        "labels.csv in 'here' has classes for 1 file that is no image here, the first is test/a/1.png",
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_encodings_of_spreadsheets(encoding, end):
    table = ("\ufeff" * encoding.endswith("e") + "sep=;\nfile;class\n" + rows(";")).replace("\n", end)
    found = find(labels__csv=table.encode(encoding))
    assert (list(found.by_name.values()), found.notes) == (["x", "y", "x"], ())


def test_a_table_in_another_encoding_is_refused():
    assert refused(labels__csv=(rows(",") + "ä.png,x\n").encode("cp1252")) == (
        "labels.csv in 'here' is not written in UTF-8, see line 4. Save it as 'CSV UTF-8'."
    )


def test_rows_for_files_that_are_not_there_are_counted():
    assert find(labels__csv="file,class\n" + rows(",") + "gone.png,x\nmore,y\n").notes == (
        "labels.csv in 'here' has classes for 2 files that are no images here, the first is gone.png",
    )


def test_a_row_without_a_class_and_a_table_that_cannot_be_read():
    assert refused(labels__csv=rows(",").replace(",y", ",")) == "labels.csv in 'here' gives a/2.png no class in row 2."
    readers = {name: lambda: b"" for name in NAMES}

    def unreadable():
        raise PermissionError(13, "Permission denied")

    with pytest.raises(GancliError) as error:
        find_labels(Path("here"), readers | {"labels.csv": unreadable}, NAMES)
    assert str(error.value) == "cannot read labels.csv in 'here': Permission denied."


def test_columns_behind_the_second_are_said():
    table = "file,width,class\n" + "".join(f"{name},16,x\n" for name in NAMES)
    assert find(labels__csv=table).notes == (
        "labels.csv in 'here' has more than file and class, which is not used, first 'class' in row 1",
    )
    assert find(labels__csv=rows(",").replace("\n", ",\n")).notes == ()  # empty ones say nothing


def test_a_json_that_gives_no_class_or_two():
    pairs = [[name, 0] for name in NAMES]
    assert refused(dataset__json=json.dumps({"labels": [*pairs[1:], [NAMES[0], None]]})) == (
        f"dataset.json in 'here' gives {NAMES[0]} no class."
    )
    twice = json.dumps({"labels": dict(pairs)}).replace("}}", f', "{NAMES[0]}": 1}}}}')
    assert refused(dataset__json=twice) == f"dataset.json in 'here' gives {NAMES[0]} two values: 0, and 1."


def test_a_table_that_gancli_writes_is_read():
    classes = ['a, "b"; c', "two\nlines", "é"]
    table = table_of(zip(NAMES, classes, strict=True))
    assert list(find(labels__csv=table).by_name.values()) == classes
    assert find(labels__csv=table).notes == ()
