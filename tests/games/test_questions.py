"""Questions: how a generator takes them, and that what is observed stays as it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.games.questions import Questions
from gancli.training.domain import Domain

IMAGES = Domain("data", (4, 6, 3), is_images=True, num_examples=9, rows=(1, 2))
POINTS = Domain("data", (5,), is_images=False, num_examples=9, rows=(1, 2))


@pytest.mark.parametrize(("domain", "sites", "size"), [(IMAGES, (4, 6, 1), 96), (POINTS, (5,), 10)])
def test_a_question_is_what_is_observed_beside_its_mask(domain, sites, size):
    questions = Questions(domain, ("half", "pixels"))
    assert (questions.sites, questions.size) == (sites, size)
    x = jax.random.normal(jax.random.key(0), (7, *domain.shape))
    observed = questions.draw(jax.random.key(1), 7)
    assert observed.shape == (7, *sites)
    asked = np.asarray(questions.ask(x, observed))
    given, mask = asked[:, : x[0].size].reshape(x.shape), asked[:, x[0].size :].reshape(observed.shape)
    np.testing.assert_array_equal(mask, observed)
    np.testing.assert_array_equal(given, np.where(mask > 0, x, 0))
    filled = np.asarray(questions.fill(x, observed, jnp.full_like(x, jnp.nan)))
    np.testing.assert_array_equal(np.isnan(filled), np.broadcast_to(mask == 0, x.shape))
    np.testing.assert_array_equal(filled[~np.isnan(filled)], np.asarray(x)[~np.isnan(filled)])
