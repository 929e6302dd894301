"""How often Python looks for garbage in cycles."""

import gc

NEW_OBJECTS = 100_000  # after which it looks among them; Python's own number is 700


def collect_seldom() -> None:
    """Look for objects in cycles seldom: importing and tracing make a million objects, of which few are in any.

    With Python's number an eighth of the processor time of a short ``gancli train`` goes into that search.
    """
    gc.set_threshold(NEW_OBJECTS)
