"""What training leaves behind in a run folder: measurements, pictures, checkpoints."""

from gancli.errors import DivergedError
from gancli.runs import Checkpoints, Run
from gancli.training.gan import GAN, GANState
from gancli.training.loop import Progress
from gancli.workflows.drawing import draw, picture
from gancli.workflows.monitor import Monitor
from gancli.workflows.reporting import Reporter

NUM_FIXED = 64  # samples in the pictures kept during training
NUM_FIXED_POINTS = 2000


class Recorder:
    """Keeps, after each chunk of steps, what is due of one run."""

    def __init__(self, run: Run, gan: GAN, monitor: Monitor | None, checkpoints: Checkpoints, reporter: Reporter):
        self.last: Progress | None = None
        self._run, self._gan, self._monitor = run, gan, monitor
        self._checkpoints, self._reporter = checkpoints, reporter

    def record(self, state: GANState, progress: Progress, *, stopping: bool) -> bool:
        """Keep what is due at a step, with a checkpoint at the end or when stopping; return whether this is the end.

        The end is the last step, or where the run's patience is over.
        """
        config, run = self._gan.config, self._run
        self.last = progress
        due = self._monitor is not None and progress.step % config.evaluate_every == 0
        run.append_metrics(progress.to_dict() | (self._monitor.measure(state) if self._monitor and due else {}))
        scores = run.scores() if due else {}
        is_best = progress.step in scores and run.best_step(scores) == progress.step
        gave_up = due and self._gave_up(scores)
        finished = progress.step == config.num_steps or gave_up
        if finished or progress.step % config.sample_every == 0:
            run.write_samples(progress.step, self._fixed_samples(state))
        if finished or stopping or is_best or progress.step % config.checkpoint_every == 0:
            self._checkpoints.save(state)
        if gave_up:
            self._reporter.status(
                f"stopped at step {progress.step}: no better {config.metrics[0]} in {config.patience} evaluations."
            )
        if finished or stopping:
            self._checkpoints.wait()
        return finished

    def best(self) -> tuple[int, str, float] | None:
        """Return the step of the best checkpoint, and its score by which metric; None where none was evaluated."""
        run = self._run
        scores = run.scores()
        if not any(step in scores for step in self._checkpoints.steps()):
            return None
        step = run.best_step(self._checkpoints.steps())
        return step, run.record.config.metrics[0], scores[step]

    def explain(self, error: DivergedError) -> DivergedError:
        """Add to a divergence what is kept, and what might help."""
        self._checkpoints.wait()
        steps, config = self._checkpoints.steps(), self._gan.config
        kept = f"The checkpoint of step {steps[-1]} is kept in '{self._run.folder}'." if steps else ""
        return DivergedError(
            f"{error} {kept or 'No checkpoint had been due.'} "
            f"Try lower learning rates (now --generator-learning-rate {config.generator_learning_rate:g}, "
            f"--discriminator-learning-rate {config.discriminator_learning_rate:g})."
        )

    def _gave_up(self, scores: dict[int, float]) -> bool:
        """Return whether as many evaluations as the run's patience brought nothing better."""
        patience = self._run.record.config.patience
        if not patience or not scores:
            return False
        best = self._run.best_step(scores)
        return sum(step > best for step in scores) >= patience

    def _fixed_samples(self, state: GANState) -> bytes:
        """Draw the picture of a step: the same latents at every step, through the averaged weights."""
        gan = self._gan
        count = NUM_FIXED if gan.is_images else NUM_FIXED_POINTS
        drawing = draw(gan, state.ema, count, seed=gan.config.seed)
        return picture(gan, state.ema, state.discriminator, drawing, title=f"step {int(state.step)}")
