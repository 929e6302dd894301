from gancli.errors import first_line


def test_the_first_line_of_what_first_went_wrong():
    error = RuntimeError("what came of it")
    error.__cause__ = ValueError("the cause.\nmore of it")
    assert first_line(error) == "ValueError: the cause"
    assert first_line(ValueError("it is so.")) == "ValueError: it is so"
    assert first_line(KeyError()) == "KeyError: no details"
