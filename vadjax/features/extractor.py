"""Images -> feature rows by a compiled backbone: batches over all devices, or frame by frame."""

import functools
from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from vadjax.backbones.backbone import Backbone
from vadjax.backbones.registry import HEADS
from vadjax.errors import UserError, unknown


def features_spec(backbone: Backbone, *, tap: str) -> dict:
    """Return what the rows depend on: the store's fingerprint is made of it.

    Args:
        backbone: the network.
        tap: as for `Extractor`, one of them.

    Returns:
        What JSON can hold.
    """
    return {"backbone": backbone.spec(), "tap": tap, "rows": row_dtype(tap)}


def row_dtype(tap: str) -> str:
    """Return the dtype of stored rows: maps take half the space, vectors stay exact."""
    return "float32" if tap in HEADS else "float16"


def taps_of(backbone: Backbone) -> tuple[str, ...]:
    """Return the taps that a backbone's rows can be of.

    Those of a classifier are there where the checkpoint has one.
    """
    return (*(HEADS if backbone.num_classes else HEADS[:1]), *backbone.taps)


def check_tap(backbone: Backbone, tap: str, *, what: str) -> None:
    """Refuse a tap that a backbone does not have.

    Args:
        backbone: the network.
        tap: see `Extractor`.
        what: asks for it, for the message.

    Raises:
        UserError: there is none of the name, or the checkpoint has no classifier.
    """
    if tap in taps_of(backbone):
        return
    if tap in HEADS:
        raise UserError(
            f"{what} of {backbone.name} is {tap!r}, but its weights ({backbone.weights_source}) "
            "have no classifier: give a checkpoint with one (features.weights, without "
            "features.last_stage), or take features.tap=features."
        )
    raise unknown(f"{what} of {backbone.name}", tap, taps_of(backbone))


def check_finite(rows: np.ndarray, *, what: str, backbone: Backbone) -> None:
    """Refuse rows that no detector can use.

    Args:
        rows: float [...].
        what: the video, in words, for the message.
        backbone: the network that made them.

    Raises:
        UserError: the rows hold NaN or infinity.
    """
    if not np.isfinite(rows).all():
        raise UserError(
            f"{what}: the {backbone.name} features hold NaN or infinity; check the weights, or "
            "use features.dtype=float32."
        )


class Extractor:
    """A backbone compiled over batches that are split over all local devices.

    On CPU each device takes its share by micro-batches, whose activations then stay in cache
    (docs/benchmarks.md). Elsewhere a device takes its share at once.

    Attributes:
        backbone: what `backbones.create` returned.
        taps: "features", rows [d] float32; "logits" or "probabilities" (their soft-max) of the
            classes [k] float32; "map" or others of `backbone.taps`, rows [h, w, c] float16. All of
            them come out of one pass through the network.
        batch_size: images a call, a multiple of the devices and of their micro-batches.
        micro_batch: images that a device takes at a time; 0 takes the whole share at once.
    """

    def __init__(
        self, backbone: Backbone, *, taps: Sequence[str], batch_size: int, micro_batch: int = 1
    ):
        """Prepare the variables on the devices; the first call compiles.

        Args:
            backbone: see above.
            taps: see above; at least one.
            batch_size: images a call; rounded up.
            micro_batch: see above; 0 unless the devices are CPUs.

        Raises:
            UserError: the backbone has no such tap.
        """
        for tap in taps:
            check_tap(backbone, tap, what="tap")
        devices = jax.local_device_count()
        self.backbone, self.taps = backbone, tuple(taps)
        self.micro_batch = micro_batch if jax.default_backend() == "cpu" else 0
        unit = devices * (self.micro_batch or 1)
        self.batch_size = -(-batch_size // unit) * unit
        # Other axis types would want inputs that lie on the devices already.
        mesh = jax.make_mesh(
            (devices,), ("data",), axis_types=(AxisType.Auto,), devices=jax.local_devices()
        )
        split, whole = PartitionSpec("data"), PartitionSpec()
        self._placed = NamedSharding(mesh, split)
        self._variables = jax.device_put(backbone.prepared(), NamedSharding(mesh, whole))

        def share(variables: Mapping, images: jax.Array) -> dict[str, jax.Array]:
            if not self.micro_batch:
                return self._rows(variables, images)
            batches = images.reshape(-1, self.micro_batch, *images.shape[1:])
            rows = jax.lax.map(lambda batch: self._rows(variables, batch), batches)
            return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), rows)

        self._run = jax.jit(
            jax.shard_map(share, mesh=mesh, in_specs=(whole, split), out_specs=split)
        )

    def __call__(self, images: np.ndarray) -> dict[str, jax.Array]:
        """Launch uint8 images [batch_size, h, w(, c)]; return {tap: rows} without waiting."""
        return self._run(self._variables, jax.device_put(images, self._placed))

    def _rows(self, variables: Mapping, images: jax.Array) -> dict[str, jax.Array]:
        inside = tuple(tap for tap in self.taps if tap not in (*HEADS, "map"))
        outputs = self.backbone.apply(variables, images, taps=inside)
        outputs = {**outputs, **outputs["taps"]}
        return {tap: outputs[tap].astype(row_dtype(tap)) for tap in self.taps}

    @functools.cached_property
    def one(self) -> Callable[[np.ndarray], dict[str, jax.Array]]:
        """The program for one image, uint8 [h, w(, c)], on the first device; gives {tap: row}.

        On CPU it is the same loop over micro-batches, run once with the image repeated. The number
        of rounds is an argument, as XLA would unroll a loop that it knows to run once and fuse its
        operations otherwise, which changes the last bits of a row.
        """
        variables = jax.tree.map(lambda leaf: leaf.addressable_shards[0].data, self._variables)
        shape = (2, self.micro_batch) if self.micro_batch else (1,)

        @jax.jit
        def run(variables: Mapping, images: jax.Array, rounds: int) -> dict[str, jax.Array]:
            if not self.micro_batch:
                return jax.tree.map(lambda leaf: leaf[0], self._rows(variables, images))
            like = jax.eval_shape(self._rows, variables, images[0])
            out = jax.tree.map(lambda leaf: jnp.zeros((2, *leaf.shape), leaf.dtype), like)

            def body(i, out):
                batch = jax.lax.dynamic_index_in_dim(images, i, keepdims=False)
                return jax.tree.map(
                    lambda rows, leaf: jax.lax.dynamic_update_index_in_dim(rows, leaf, i, 0),
                    out,
                    self._rows(variables, batch),
                )

            out = jax.lax.fori_loop(0, rounds, body, out)
            return jax.tree.map(lambda leaf: leaf[0, 0], out)

        return lambda image: run(variables, np.broadcast_to(image, (*shape, *image.shape)), 1)


class FrameExtractor:
    """Features of one video, frame by frame in their order: a stream of any length.

    Rows are those of the batch extraction by the same `Extractor`: equal to the bit on CPU, where
    a micro-batch is computed for each frame; elsewhere equal but for the rounding of other kernels.
    Several streams can share one extractor, which compiles once.
    """

    def __init__(self, extractor: Extractor):
        """Begin a video.

        Args:
            extractor: the compiled network; its batch size does not matter here.
        """
        self._extractor = extractor
        self._read = extractor.backbone.preprocess.reader()

    def __call__(self, frame: np.ndarray) -> dict[str, np.ndarray]:
        """Take the next frame, uint8 [h, w] or [h, w, 3] RGB; return {tap: row}.

        Raises:
            UserError: the frame has another shape, or gives features that are not finite.
        """
        rows = jax.tree.map(np.asarray, self._extractor.one(self._read(frame)))
        for row in rows.values():
            check_finite(row, what="a frame", backbone=self._extractor.backbone)
        return rows
