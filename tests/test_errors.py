from gancli.errors import GancliError, Interrupted, first_line


def test_the_first_line_of_what_first_went_wrong():
    error = RuntimeError("what came of it")
    error.__cause__ = ValueError("the cause.\nmore of it")
    assert first_line(error) == "ValueError: the cause"
    assert first_line(ValueError("it is so.")) == "ValueError: it is so"
    assert first_line(KeyError()) == "KeyError: no details"


def test_a_message_is_one_line_whatever_names_are_in_it():
    assert str(GancliError("cannot read 'a\nb\r\nc': no such file.")) == "cannot read 'a b c': no such file."
    assert str(Interrupted("stopped.", 15)) == "stopped."
