"""When training will be done, by the steps that it has taken."""

SHARE_OF_STEPS = 0.9  # of a run's time; the rest goes to evaluations, pictures and checkpoints


class Forecast:
    """Goes by all time since the start: evaluations so far are in it, and those to come are taken for as long.

    Between two reports, as during an evaluation, time runs on.
    """

    def __init__(self, start: int, end: int, now: float):
        self._start, self._end, self._began = start, end, now
        self._done_at: float | None = None

    def note(self, step: int, now: float) -> None:
        """Take note of a step that is done."""
        per_step = (now - self._began) / max(step - self._start, 1)
        self._done_at = now + (self._end - step) * per_step

    def elapsed(self, now: float) -> float:
        """Return the seconds since the start."""
        return now - self._began

    def left(self, now: float) -> float | None:
        """Return the seconds that are left; None before the first step."""
        return None if self._done_at is None else max(self._done_at - now, 0.0)
