import pytest

from gancli.errors import UsageError
from gancli.registry import Registry

TABLE = Registry("fruit", {"apple": 1, "pear": 2})


def test_a_known_name_gives_its_entry():
    assert TABLE["pear"] == 2
    assert list(TABLE) == ["apple", "pear"]
    assert len(TABLE) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("aple", "unknown fruit 'aple'. Did you mean 'apple'? Known: apple, pear."),
        ("xyz", "unknown fruit 'xyz'. Known: apple, pear."),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, message):
    with pytest.raises(UsageError) as caught:
        TABLE[name]
    assert str(caught.value) == message
