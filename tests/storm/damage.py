"""Damaged files and nonsense, drawn by Hypothesis: the same in every run, or others and more with ``GANCLI_STORM``."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

STORM = int(os.environ.get("GANCLI_STORM", "1"))  # times as many as usual
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
SLOW += [HealthCheck.function_scoped_fixture]


def times(examples: int) -> settings:
    """Return settings for so many examples, or for a multiple in a storm."""
    return settings(
        max_examples=STORM * examples,
        derandomize=STORM == 1,
        deadline=None,
        database=None,
        suppress_health_check=SLOW,
    )


def damaged(contents):
    """Draw one of the files of ``contents()``, cut short, with other bytes in places, or with a part twice."""

    @st.composite
    def draw_one(draw):
        content = bytearray(draw(st.sampled_from(contents())))
        near = st.integers(0, min(len(content), 400) - 1)  # headers are where readers go astray
        for place in draw(st.lists(st.one_of(near, st.integers(0, len(content) - 1)), max_size=6)):
            content[place] = draw(st.sampled_from([0, 1, 6, 127, 128, 255]) | st.integers(0, 255))
        end = draw(st.just(len(content)) | st.integers(0, len(content)))
        start = draw(st.just(end) | st.integers(0, end))
        return bytes(content[:end] + content[start:])

    return draw_one()


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 2**31, 2**63, 10**30])
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["mnist", "digits", "auto", "none", "a" * 10_000, "é", "\0", "../..", "/dev/null"])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def changed(content):
    """Draw JSON content of which some values, anywhere, are others or gone."""

    @st.composite
    def draw_one(draw, inner=content):
        if isinstance(inner, dict) and inner:
            chosen = draw(st.sampled_from(sorted(inner)))
            keep = draw(st.booleans()) or isinstance(inner[chosen], dict | list)
            rest = {name: value for name, value in inner.items() if name != chosen}
            return rest | {chosen: draw(draw_one(inner[chosen]))} if keep else rest
        if isinstance(inner, list) and inner and draw(st.booleans()):
            place = draw(st.integers(0, len(inner) - 1))
            return [*inner[:place], draw(draw_one(inner[place])), *inner[place + 1 :]]
        return draw(values)

    return draw_one()
