"""Numbers that set kinds of random draws apart: each is folded into the kind of key named here, no two into the same.

Steps, updates and layers fold their own numbers into such keys; these lie beyond all of them.
"""

_FIRST = 2**32

# Into a run's key, beside the numbers of steps.
ORDER = _FIRST - 1  # of the data
DECODER = _FIRST - 2  # pre-training of a generator's last layer
PROBE = _FIRST - 3  # what the discriminator is asked while training
MIRROR = _FIRST - 4  # which images are mirrored
CROP = _FIRST - 5  # which squares of images are taken
# Into the key of one pass through the discriminator.
PENALTY = _FIRST - 1
AUGMENTATION = _FIRST - 5
UNROLL = _FIRST - 7  # of the generator's, into which it looks ahead
# Into the key of some latents.
CLASSES = _FIRST - 6
CODES = _FIRST - 10  # beside them
COMPONENTS = _FIRST - 11  # of a mixture that they come from
# Into the key of a seed, for samples of a finished run, and for networks that are trained for it.
LATENTS = _FIRST - 1
ENCODER = _FIRST - 7
CALIBRATION = _FIRST - 8  # samples beside examples held out
REJECTION = _FIRST - 9  # which samples are kept
PREDICTOR = _FIRST - 11  # of the means of what is hidden
QUESTIONS = _FIRST - 12  # what is hidden of the examples that a finished run completes
# Into the key of an update, for the noise of a stochastic encoder.
POSTERIOR = _FIRST - 8
# The same: what is hidden of its examples, and where an example stands among answers.
MASKS = _FIRST - 9
PLACES = _FIRST - 10
# Into a generator of NumPy's, beside a seed: which images are labeled.
LABELED = _FIRST - 7
# A seed of its own: latents of standing statistics.
STANDING = _FIRST - 3
# Into the key of a network, beside the numbers of its layers.
PROJECTION = _FIRST - 1

BY_KEY = {
    "run": (ORDER, DECODER, PROBE, MIRROR, CROP),
    "pass": (PENALTY, AUGMENTATION, UNROLL),
    "latents": (CLASSES, CODES, COMPONENTS),
    "seed": (LATENTS, ENCODER, CALIBRATION, REJECTION, PREDICTOR, QUESTIONS),
    "labeled": (LABELED,),
    "update": (POSTERIOR, MASKS, PLACES),
    "standing": (STANDING,),
    "network": (PROJECTION,),
}
