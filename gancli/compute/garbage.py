"""How often Python looks for garbage in cycles."""

import gc

NEW_OBJECTS, YOUNG, MIDDLE = 100_000, 20, 50  # thresholds of the three generations; Python's are 700, 10, 10


def collect_seldom() -> None:
    """Look for objects in cycles seldom: importing and tracing make a million objects, of which few are in any.

    With Python's thresholds a fifth of the processor time of a short ``gancli train`` goes into that search.
    """
    gc.set_threshold(NEW_OBJECTS, YOUNG, MIDDLE)
