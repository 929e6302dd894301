"""One step of the game (Goodfellow et al. 2014, Algorithm 1), and many of them in one dispatch."""

from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from gancli.compute.mesh import divided, whole
from gancli.compute.remat import ordered, zero_after
from gancli.data.shuffle import permute
from gancli.games.augmentation import augmented
from gancli.games.pair import GAN, Classes, GANState, Params
from gancli.games.passes import generated, judged, scored_pair, slopes
from gancli.models.layers.parts import DiscriminatorOutput
from gancli.registry import Registry
from gancli.training.constraints import clip, limit_columns, turned

# Whether the generator's gradient is taken at the parameters and latents of the discriminator's last one.
UPDATES = Registry("order of updates", {"alternating": False, "simultaneous": True})
AUGMENTATION = 2**32 - 5  # sets the draws of --augment apart from those of noise
MIRROR = 2**32 - 4  # sets the draws of --mirror apart from the keys of steps, of which none has this number
ORDER = 2**32 - 1  # the same for the order of the data
PENALTY = 2**32 - 1  # sets the penalties' random numbers apart from those of noise and dropout


class Measurements(NamedTuple):
    """What a step reports, each float32 ``[]``; a chunk stacks them to ``[steps]``. D's are 0 where there is none."""

    discriminator_loss: jax.Array  # without penalties
    penalty: jax.Array  # weighted
    generator_loss: jax.Array
    d_real: jax.Array  # mean D(x) on real images: a probability, or what the objective shows instead
    d_fake: jax.Array  # mean D(G(z)) on samples
    discriminator_gradient_norm: jax.Array
    generator_gradient_norm: jax.Array


class Batch(NamedTuple):
    """Training examples, as many or in as many batches as it may be, and the class of each."""

    examples: Any  # [..., *data_shape]; an array of NumPy or JAX, as the next one
    labels: Any  # int32 [...]


class Cursor(NamedTuple):
    """Where in the stream of shuffled epochs a chunk begins; int32 ``[]`` each."""

    epoch: jax.Array
    offset: jax.Array  # rows of that epoch already used

    @classmethod
    def at(cls, step: int, gan: GAN) -> "Cursor":
        """Return the place that ``step`` begins at; Python integers, so that no count of images overflows."""
        epoch, offset = divmod(step * gan.config.k * gan.config.batch_size, gan.num_examples)
        return cls(jnp.int32(epoch), jnp.int32(offset))


def as_seen(gan: GAN, x: jax.Array, key: jax.Array) -> jax.Array:
    """Return data or samples ``[B, *data_shape]`` as the discriminator meets them: augmented, and under noise.

    Both as configured (Zhao et al. 2020; Sønderby et al. 2017, §3.2, and Arjovsky and Bottou 2017).
    """
    if gan.config.augment:
        x = augmented(x, gan.config.augment, jax.random.fold_in(key, AUGMENTATION), bounded=gan.bounded)
    if gan.config.instance_noise == 0:
        return x
    return x + gan.config.instance_noise * jax.random.normal(key, x.shape)


class Block(NamedTuple):
    """Examples in the order that some steps meet them, for data that is not on the device as a whole."""

    batches: Batch  # [steps, k * B, *data_shape]
    used: jax.Array  # int32 [], steps of the block that are over


class DiscriminatorReport(NamedTuple):
    """What a discriminator gradient was taken of."""

    loss: jax.Array  # [], without penalties
    penalty: jax.Array  # [], weighted
    real_outputs: jax.Array  # [B]
    fake_outputs: jax.Array  # [B]


def discriminator_gradients(
    gan: GAN, discriminator: Params, real: jax.Array, fake: jax.Array, key: jax.Array, classes: Classes = None
) -> tuple[Params, DiscriminatorReport]:
    """Return the gradient of D's loss and penalties on a real and a fake batch ``[B, ...]`` of the same classes."""
    noise_key, dropout_key = jax.random.split(key)
    noisy = as_seen(gan, jnp.concatenate([real, fake]), noise_key)
    real, fake = (gan.pack(x) for x in jnp.split(noisy, 2))

    def objective(discriminator: Params) -> tuple[jax.Array, DiscriminatorReport]:
        real_outputs, fake_outputs = scored_pair(gan, discriminator, real, fake, dropout_key, classes)
        loss = gan.discriminator_loss(real_outputs, fake_outputs)
        penalty = _penalty(gan, discriminator, real, fake, key, classes)
        return loss + penalty, DiscriminatorReport(loss, penalty, real_outputs, fake_outputs)

    return jax.grad(objective, has_aux=True)(discriminator)


def _penalty(
    gan: GAN, discriminator: Params, real: jax.Array, fake: jax.Array, key: jax.Array, classes: Classes
) -> jax.Array:
    """Return the penalties at two batches of the same classes."""
    critic_key, key = jax.random.split(jax.random.fold_in(key, PENALTY))
    return gan.penalty(lambda x: slopes(gan, discriminator, x, critic_key, classes), real, fake, key)


def generator_gradients(
    gan: GAN,
    generator: Params,
    discriminator: Params,
    latents: jax.Array,
    real: jax.Array,
    key: jax.Array,
    classes: Classes = None,
) -> tuple[Params, jax.Array]:
    """Return the gradient of G's loss on the samples of ``latents`` ``[B, Z]``, and the loss.

    The real batch, of the same classes, serves losses that compare; where a loss ignores it, the compiler removes its
    pass.
    """
    real_key, fake_key = jax.random.split(key)

    def seen(x: jax.Array, key: jax.Array) -> DiscriminatorOutput:
        noise_key, dropout_key = jax.random.split(key)
        return judged(gan, discriminator, gan.pack(as_seen(gan, x, noise_key)), dropout_key, classes)

    def objective(generator: Params) -> jax.Array:
        fake = generated(gan, generator, latents)
        return gan.generator_loss(seen(real, real_key), seen(fake, fake_key), real, fake)

    loss, gradients = jax.value_and_grad(objective)(generator)
    return gradients, loss


def simultaneous_gradients(
    gan: GAN,
    generator: Params,
    discriminator: Params,
    latents: jax.Array,
    real: jax.Array,
    key: jax.Array,
    classes: Classes = None,
) -> tuple[Params, DiscriminatorReport, Params, jax.Array]:
    """Return both players' gradients at the same weights, on the same samples, through the same dropped-out D.

    One forward pass serves both; only the way back through D is gone twice, once for each loss.
    """
    real_key, fake_key = jax.random.split(key)

    def seen(discriminator: Params, x: jax.Array, key: jax.Array) -> DiscriminatorOutput:
        noise_key, dropout_key = jax.random.split(key)
        return judged(gan, discriminator, gan.pack(as_seen(gan, x, noise_key)), dropout_key, classes)

    fake, to_generator = jax.vjp(lambda weights: generated(gan, weights, latents), generator)
    real_seen, from_real = jax.vjp(lambda weights: seen(weights, real, real_key), discriminator)
    fake_seen, from_fake = jax.vjp(lambda weights, x: seen(weights, x, fake_key), discriminator, fake)

    outputs = real_seen.outputs, fake_seen.outputs
    d_loss, (d_real, d_fake) = jax.value_and_grad(gan.discriminator_loss, argnums=(0, 1))(*outputs)
    nothing = jnp.zeros_like(fake_seen.features)
    d_gradients = jax.tree.map(
        jnp.add, from_real(DiscriminatorOutput(d_real, nothing))[0], from_fake(DiscriminatorOutput(d_fake, nothing))[0]
    )
    penalty = jnp.zeros(())
    if gan.config.penalty:
        packs = [gan.pack(as_seen(gan, x, jax.random.split(own)[0])) for x, own in ((real, real_key), (fake, fake_key))]
        penalty, slopes = jax.value_and_grad(lambda weights: _penalty(gan, weights, packs[0], packs[1], key, classes))(
            discriminator
        )
        d_gradients = jax.tree.map(jnp.add, d_gradients, slopes)

    g_loss, (g_seen, g_fake) = jax.value_and_grad(
        lambda found, x: gan.generator_loss(real_seen, found, real, x), argnums=(0, 1)
    )(fake_seen, fake)
    (g_gradients,) = to_generator(from_fake(g_seen)[1] + g_fake)
    return d_gradients, DiscriminatorReport(d_loss, penalty, *outputs), g_gradients, g_loss


def gradient_norm(gradients: Params) -> jax.Array:
    """Return the Euclidean length of all gradients together; as dot products, which a CPU does in half the time."""
    return jnp.sqrt(sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(gradients)))


def _descend(
    gan: GAN,
    optimizer: optax.GradientTransformation,
    gradients: Params,
    norm: jax.Array,
    state: optax.OptState,
    params: Params,
) -> tuple[Params, optax.OptState]:
    """Apply gradients, unless the norm of all that were taken at these weights is not finite.

    The norm depends on every use of the weights, and the new weights on the norm: so the compiler can write them in
    place, where it would otherwise copy all weights at every step for fear of a late reader.
    """
    gradients = jax.tree.map(lambda gradient: jnp.where(jnp.isfinite(norm), gradient, 0.0), gradients)
    updates, state = optimizer.update(gradients, state, params)
    params = optax.apply_updates(params, updates)
    if gan.config.max_column_norm:
        params = limit_columns(params, gan.config.max_column_norm)
    return params, state


def _descend_discriminator(
    gan: GAN, gradients: Params, norm: jax.Array, state: optax.OptState, params: Params
) -> tuple[Params, optax.OptState]:
    """Apply D's gradients, and hold its weights to what the penalties that are bounds say."""
    params, state = _descend(gan, gan.discriminator_optimizer, gradients, norm, state, params)
    if "clip" in gan.config.penalty:
        params = clip(params, gan.config.clip_limit)
    if "spectral-norm" in gan.config.penalty:
        params = turned(params)
    return params, state


def train_step(gan: GAN, state: GANState, real: Batch) -> tuple[GANState, Measurements]:
    """Update D ``k`` times and G once.

    ``alternating`` is Algorithm 1: the generator meets the discriminator just updated, with fresh latents.
    ``simultaneous`` is what the authors' own code does: the last of the k discriminator gradients and the
    generator's are both taken at the same weights, on the same samples.

    Args:
        gan: what does not move.
        state: what moves.
        real: batches ``[k, B, *data_shape]`` in the model's range, one for each discriminator update. Samples are of
            the classes of the batch that they are judged beside.
    """
    config = gan.config
    step_key = jax.random.fold_in(state.key, state.step)

    def draw(update: int | jax.Array, classes: Classes) -> tuple[jax.Array, jax.Array]:
        """Return the latents of an update, and the key of its noise and dropout."""
        latent_key, network_key = jax.random.split(jax.random.fold_in(step_key, update))
        return divided(gan.draw_latents(latent_key, config.batch_size, classes)), network_key

    def update_discriminator(carry, inputs):
        discriminator, optimizer_state = carry
        update, batch = inputs
        classes = gan.classes(batch.labels)
        latents, key = draw(update, classes)
        fake = generated(gan, state.generator, latents)
        gradients, report = discriminator_gradients(gan, discriminator, batch.examples, fake, key, classes)
        norm = gradient_norm(gradients)
        return _descend_discriminator(gan, gradients, norm, optimizer_state, discriminator), (report, norm)

    # k - 1 discriminator updates alone, then the last one and the generator's, outside of the scan: with k = 1 the
    # compiler sees both players' updates at once.
    before = config.k - 1
    last = jax.tree.map(lambda part: part[-1], real)
    classes = gan.classes(last.labels)
    carry = (state.discriminator, state.discriminator_optimizer)
    if before:
        earlier = jax.tree.map(lambda part: part[:-1], real)
        carry, _ = jax.lax.scan(update_discriminator, carry, (jnp.arange(before), earlier))
        generator, last = ordered((state.generator, last), zero_after(carry))  # see gancli.compute.mesh
        state = state._replace(generator=generator)
    if gan.objective.discriminator is None:
        (discriminator, d_optimizer), d_norm, zeros = carry, jnp.zeros(()), jnp.zeros(config.batch_size)
        report = DiscriminatorReport(d_norm, d_norm, zeros, zeros)
        latents, key = draw(config.k, classes)
        g_gradients, g_loss = generator_gradients(
            gan, state.generator, discriminator, latents, last.examples, key, classes
        )
        g_norm = gradient_norm(g_gradients)
    elif UPDATES[config.updates]:
        discriminator, d_optimizer = carry
        latents, key = draw(before, classes)
        d_gradients, report, g_gradients, g_loss = simultaneous_gradients(
            gan, state.generator, discriminator, latents, last.examples, key, classes
        )
        d_norm, g_norm = gradient_norm(d_gradients), gradient_norm(g_gradients)
        discriminator, d_optimizer = _descend_discriminator(
            gan, d_gradients, d_norm + g_norm, d_optimizer, discriminator
        )
    else:
        (discriminator, d_optimizer), (report, d_norm) = update_discriminator(carry, (before, last))
        latents, key = draw(config.k, classes)
        g_gradients, g_loss = generator_gradients(
            gan, state.generator, discriminator, latents, last.examples, key, classes
        )
        g_norm = gradient_norm(g_gradients)
    generator, g_optimizer = _descend(
        gan, gan.generator_optimizer, g_gradients, d_norm + g_norm, state.generator_optimizer, state.generator
    )
    measurements = Measurements(
        discriminator_loss=report.loss,
        penalty=report.penalty,
        generator_loss=g_loss,
        d_real=jnp.mean(gan.objective.shown(report.real_outputs)),
        d_fake=jnp.mean(gan.objective.shown(report.fake_outputs)),
        discriminator_gradient_norm=d_norm,
        generator_gradient_norm=g_norm,
    )
    state = GANState(
        step=state.step + 1,
        key=state.key,
        generator=generator,
        discriminator=discriminator,
        ema=_average(gan, state, generator),
        generator_optimizer=g_optimizer,
        discriminator_optimizer=d_optimizer,
    )
    return whole(state), measurements


def _average(gan: GAN, state: GANState, generator: Params) -> Params:
    """Move the average of G's weights; early on it forgets faster, so that the first weights do not linger."""
    decay, ramp = gan.config.ema_decay, gan.config.ema_ramp
    if decay == 0:
        return generator
    now = jnp.minimum(decay, (1.0 + state.step) / (1.0 + ramp + state.step))
    return optax.incremental_update(generator, state.ema, 1.0 - now)


def order_key(key: jax.Array) -> jax.Array:
    """Return the key of the permutations that a run with this key meets its data in."""
    return jax.random.fold_in(key, ORDER)


def _next_batches(gan: GAN, key: jax.Array, data: Batch | Block, cursor: Cursor, index: jax.Array | int) -> Batch:
    """Return the batches ``[k, B, *data_shape]``, in the model's range, ``index`` steps after the cursor."""
    rows_per_step = gan.config.k * gan.config.batch_size
    places = cursor.offset + index * rows_per_step + jnp.arange(rows_per_step)
    epochs, places = cursor.epoch + places // gan.num_examples, places % gan.num_examples
    if isinstance(data, Block):
        examples, labels = jax.tree.map(itemgetter(data.used + index), data.batches)
    else:
        rows = whole(permute(places, epochs, order_key(key), gan.num_examples))
        examples, labels = jax.tree.map(itemgetter(rows), data)
    if gan.config.mirror:
        flip_key = jax.random.fold_in(jax.random.fold_in(jax.random.fold_in(key, MIRROR), epochs[0]), places[0])
        flipped = jax.random.bernoulli(flip_key, shape=(rows_per_step, 1, 1, 1))
        examples = jnp.where(flipped, examples[:, :, ::-1], examples)
    batches = (gan.config.k, gan.config.batch_size)
    batch = Batch(gan.to_model(examples).reshape(*batches, *gan.data_shape), labels.reshape(batches))
    return divided(batch, axis=1)


def _chunk(
    gan: GAN, state: GANState, data: Batch | Block, cursor: Cursor, num_steps: jax.Array, capacity: int
) -> tuple[GANState, Measurements]:
    """Train one state for ``num_steps`` steps."""

    def body(index: jax.Array, carry: tuple[GANState, Measurements]) -> tuple[GANState, Measurements]:
        state, report = carry
        state, measurements = train_step(gan, state, _next_batches(gan, state.key, data, cursor, index))
        report = jax.tree.map(lambda all_, one: all_.at[index].set(one), report, measurements)
        return state, report

    empty = Measurements(*(jnp.full((capacity,), jnp.nan) for _ in Measurements._fields))
    return jax.lax.fori_loop(0, num_steps, body, (state, empty))


@partial(jax.jit, static_argnames=("gan", "capacity"), donate_argnames=("state",))
def train_chunk(
    gan: GAN, state: GANState, data: Batch | Block, cursor: Cursor, num_steps: jax.Array, *, capacity: int
) -> tuple[GANState, Measurements]:
    """Train for ``num_steps`` steps in one dispatch; the state's buffers are reused.

    The number of steps is data, not shape: a chunk of any length up to ``capacity`` runs the same program, so neither
    the last, shorter chunk of a run nor a resumed run compiles anything or rounds differently.

    Args:
        gan: what does not move.
        state: what moves; donated.
        data: every training example ``[N, *data_shape]``, uint8 or float32, and its class, on the device; or a block
            of them that has those of these steps.
        cursor: the rows that come next.
        num_steps: int32 ``[]``, at most ``capacity``.
        capacity: length of the report.

    Returns:
        The new state, and measurements ``[capacity]`` of which the first ``num_steps`` are meant.
    """
    return _chunk(gan, state, data, cursor, num_steps, capacity)


@partial(jax.jit, static_argnames=("gan", "capacity"), donate_argnames=("states",))
def train_chunks(
    gan: GAN, states: GANState, data: Batch, cursor: Cursor, num_steps: jax.Array, *, capacity: int
) -> tuple[GANState, Measurements]:
    """Train several states of one configuration, which differ by their keys, as :func:`train_chunk` does one.

    Every array of ``states`` and of the measurements has a leading axis, one entry a state. Each learns from the same
    data in an order of its own. The numbers are those of separate runs but for rounding.
    """
    return jax.vmap(lambda state: _chunk(gan, state, data, cursor, num_steps, capacity))(states)
