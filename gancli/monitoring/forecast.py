"""When training will be done, by the steps that it has taken."""

WARM_UP = 2  # reports, at the second of which all is compiled: of the first one, pictures and D's accuracy, too
SHARE_OF_STEPS = 0.9  # of a run's time; the rest goes to evaluations, pictures and checkpoints


class Forecast:
    """Goes by all time since the warm-up: evaluations so far are in it, and those to come are taken for as long.

    Before, it goes by the time since the start. Between two reports, as during an evaluation, time runs on.
    """

    def __init__(self, start: int, end: int, now: float):
        self._end, self._began = end, now
        self._reports = 0
        self._since = (start, now)  # step and time from which the rate is measured
        self._done_at: float | None = None

    def note(self, step: int, now: float) -> None:
        """Take note of a step that is done."""
        first, began = self._since
        per_step = (now - began) / max(step - first, 1)
        self._done_at = now + (self._end - step) * per_step
        self._reports += 1
        if self._reports == WARM_UP:
            self._since = (step, now)

    def measured(self, now: float) -> float:
        """Return the seconds in which the rate was measured; 0 before the warm-up is over."""
        return now - self._since[1] if self._reports > WARM_UP else 0.0

    def elapsed(self, now: float) -> float:
        """Return the seconds since the start."""
        return now - self._began

    def left(self, now: float) -> float | None:
        """Return the seconds that are left; None before the first step."""
        return None if self._done_at is None else max(self._done_at - now, 0.0)
