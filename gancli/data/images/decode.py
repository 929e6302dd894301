"""One decoder for every image file: any color mode, depth, orientation and size to uint8 ``[H, W, C]``."""

import io
import logging
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps, PngImagePlugin
from PIL.TiffImagePlugin import TiffImageFile

from gancli.config import defaults, settings
from gancli.errors import GancliError, UsageError

# What is read, and how its files are called. Other formats of Pillow start programs, or have no mark of their own.
FORMATS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),  # and MPO, which phones write beside it
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "QOI": (".qoi",),
    "TGA": (".tga",),
}
EXTENSIONS = tuple(dict.fromkeys(ending for endings in FORMATS.values() for ending in endings))
MAX_PIXELS: int = defaults()["max_pixels"]
HELD_OUT: float = defaults()["held_out"]
MOST_HELD_OUT = settings()["held_out"].most or 0

# Pillow's limit becomes check_pixels'; large descriptions and color profiles are no reason to refuse a good picture.
Image.MAX_IMAGE_PIXELS = None
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 2**28
# What Pillow says names no file. Images that cannot be read are named by those who read them.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)

TAG_BITS, TAG_PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0  # of TIFF
GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
CHANNEL_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
CUT_SHORT = "its pixels cannot be read: it is damaged or cut short"
TOO_LARGE = "it does not fit into memory"
CROPS = ("center", "random", "none")
# How an image is turned that a camera stored otherwise than it is seen, by the number that EXIF has for it.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Framing:
    """How your images become training data: what the options of these names say."""

    resolution: int = 0  # pixels of both sides; 0: chosen by the images
    crop: str = "center"  # or "random", a square anywhere, the same one every time; or "none": squeezed to a square
    channels: str = "auto"  # or "1", "3", "4"; auto: 1 where all images are gray, else 3
    max_pixels: int = MAX_PIXELS  # larger images are left out
    held_out: float = HELD_OUT  # share that is not trained on: half of it for validation, half for testing
    pairs: bool = False  # whether two images that belong together lie side by side, see gancli.data.images.pairs

    def check(self) -> None:
        """Raise a UsageError unless every value is one of those."""
        if self.resolution < 0:
            raise UsageError(
                f"--resolution must be at least 1, or 0 to choose it by the images, got {self.resolution}."
            )
        if self.crop not in CROPS:
            raise UsageError(f"--crop must be one of {', '.join(CROPS)}, got '{self.crop}'.")
        known = ("auto", *map(str, CHANNEL_MODES))
        if self.channels not in known:
            raise UsageError(f"--channels must be one of {', '.join(known)}, got '{self.channels}'.")
        if self.max_pixels < 1:
            raise UsageError(f"--max-pixels must be at least 1, got {self.max_pixels}.")
        if not 0 <= self.held_out <= MOST_HELD_OUT:
            raise UsageError(f"--held-out must be in [0, {MOST_HELD_OUT}], got {self.held_out}.")


def open_image(content: bytes, extension: str = "") -> Image.Image:
    """Open an image, of which only the header is read; of several frames the first.

    Args:
        content: of the file.
        extension: of its name, with the dot. Only what is called .tga is tried as one: its format has no mark.

    Raises:
        GancliError: it is none, says why.
    """
    formats = [name for name, endings in FORMATS.items() if name != "TGA" or extension.lower() in endings]
    try:
        return Image.open(io.BytesIO(content), formats=formats)
    except MemoryError:
        raise GancliError(TOO_LARGE) from None
    except Exception:  # Pillow's readers raise whatever a damaged file leads them to
        raise GancliError("it is no image, or its header is damaged") from None


def check_pixels(image: Image.Image, most: int) -> None:
    """Raise a GancliError if an opened image has more than ``most`` pixels."""
    if (count := image.width * image.height) > most:
        verbs = "train, data check, evaluate and translate"
        raise GancliError(f"it has {count:,} pixels, and --max-pixels of {verbs} is {most:,}")


def num_frames(image: Image.Image) -> int:
    """Return how many frames or pages a file has; 1 where that cannot be read."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # as above
        return 1


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height as people see them: a camera's note that it was held sideways is obeyed."""
    # Pillow turns TIFFs when it loads them, and the size that it gives may be that before or after.
    width, height = (image.tag_v2[tag] for tag in (256, 257)) if isinstance(image, TiffImageFile) else image.size
    return (height, width) if _orientation(image) in (5, 6, 7, 8) else (width, height)


def _orientation(image: Image.Image) -> int:
    """Return how a camera was held; upright where its note cannot be read, as viewers show it."""
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, 1)
        return found if isinstance(found, int) else 1
    except Exception:  # as above
        return 1


def decode(image: Image.Image, channels: int) -> Image.Image:
    """Return an image upright and in mode ``L``, ``RGB`` or ``RGBA``.

    Of 16 bits the upper eight are kept, rounded; what is transparent lies on white, unless there are four channels.

    Raises:
        GancliError: its pixels cannot be read, or have no known range.
    """
    try:
        turn = None if image.format == "TIFF" else TURNS.get(_orientation(image))
        image.load()
        image = _of_eight_bits(image)
        if turn is not None:
            image = image.transpose(turn)
        return _with_channels(image, channels)
    except GancliError:
        raise
    except MemoryError:
        raise GancliError(TOO_LARGE) from None
    except Exception:  # as above
        raise GancliError(CUT_SHORT) from None


def _of_eight_bits(image: Image.Image) -> Image.Image:
    """Return an image whose pixels have eight bits a channel; deeper gray is scaled by the range of its format."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else None
    if image.mode == "F":
        raise GancliError("its pixels are floating-point numbers, whose range no one knows; save it with 8 or 16 bits")
    if image.mode == "I" and tags is not None:
        bits = tags.get(TAG_BITS, (32,))[0]
        what = f"{'signed ' if bits == 16 else ''}{bits}-bit integers"
        raise GancliError(f"its pixels are {what}, whose range no one knows; save it with 8 or 16 bits")
    transparent = image.info.get("transparency")
    if isinstance(transparent, tuple) and max(transparent) > 255:  # of 16 bits, of which Pillow keeps the upper eight
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    if not image.mode.startswith("I"):
        return image
    top = 2 ** tags[TAG_BITS][0] - 1 if tags is not None else 65535
    deep = np.clip(np.asarray(image).astype(np.int64), 0, top)
    shown = top - deep if tags is not None and tags.get(TAG_PHOTOMETRIC) == WHITE_IS_ZERO else deep
    gray = Image.fromarray(((2 * 255 * shown + top) // (2 * top)).astype(np.uint8))
    if transparent is None:
        return gray
    alpha = np.where(deep == transparent, 0, 255).astype(np.uint8)
    return Image.merge("LA", (gray, Image.fromarray(alpha)))


def _with_channels(image: Image.Image, channels: int) -> Image.Image:
    if image.mode == "La":  # which Pillow brings to LA only
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("1", "L", "P"):  # colors that Pillow brings to RGB only, as CMYK and Lab
        image = image.convert("RGB")
    if image.mode == "RGBA" and channels != 4:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image.convert(CHANNEL_MODES[channels])


def frame(image: Image.Image, resolution: int, crop: str, draw: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    """Return a decoded image as uint8 ``[resolution, resolution, C]``, scaled by Lanczos's filter.

    Args:
        image: in mode ``L``, ``RGB`` or ``RGBA``; one that has the size already is not touched.
        resolution: pixels.
        crop: one of ``CROPS``.
        draw: where a random square lies, across and down, in [0, 1].
    """
    size, method = (resolution, resolution), Image.Resampling.LANCZOS
    if crop == "none":
        image = image.resize(size, method)
    else:
        image = ImageOps.fit(image, size, method, centering=draw if crop == "random" else (0.5, 0.5))
    return np.asarray(image).reshape(resolution, resolution, -1)
