"""Which backbones there are, by family; listing them imports no JAX."""

from vadjax.errors import unknown

HEADS = ("features", "logits", "probabilities")  # rows that are vectors, outputs of no stage

# Module -> the names that it holds, here so that listing them imports no JAX.
FAMILIES = {
    "coatnet": tuple(f"coatnet_{size}_rw_224" for size in ("0", "1", "2", "nano")),
    "convnext": tuple(
        f"convnext_{size}" for size in ("atto", "base", "femto", "nano", "pico", "small", "tiny")
    ),
    "efficientnet": (
        *(f"efficientnet_{size}" for size in ("b0", "b1", "b2", "b3", "lite0")),
        *(
            f"tf_efficientnet_{size}"
            for size in ("b0", "lite0", "lite1", "lite2", "lite3", "lite4")
        ),
        *(f"mobilenetv2_{size}" for size in ("050", "100", "110d", "120d", "140")),
    ),
    "flow": ("flow",),
    "flow_lite0": ("flow_lite0",),
    "inception": ("inception_v3",),
    "maxvit": tuple(f"maxvit_{size}_tf_224" for size in ("base", "small", "tiny")),
    "mobileone": tuple(f"mobileone_s{i}" for i in range(5)),
    "pixels": ("pixels", "pixels_rgb"),
    "poolformer": tuple(f"poolformer_{size}" for size in ("m36", "m48", "s12", "s24", "s36")),
    "regnet": tuple(f"regnety_{size}" for size in ("002", "004", "006", "008", "016", "032")),
    "repvgg": tuple(f"repvgg_{size}" for size in ("a0", "a1", "a2", "b0", "b1", "b2", "b3")),
    "resnet": tuple(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    "vgg": tuple(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    "vit": (
        *(f"vit_{size}_patch16_224" for size in ("tiny", "small", "base")),
        *(f"vit_{size}_patch32_224" for size in ("small", "base")),
        *(
            f"vit_{size}_patch14_{kind}dinov2"
            for size in ("small", "base")
            for kind in ("", "reg4_")
        ),
        *(f"vit_base_patch{n}_clip_{kind}224" for n in (16, 32) for kind in ("", "quickgelu_")),
        "vit_xsmall_patch16_clip_224",
    ),
}
# The name of all networks whose architecture is read from a folder, with their weights.
FOLDER = "transformers"


def list_backbones() -> list[str]:
    """List the named backbones: those of timm, `flow`, and the pixel backbones.

    `create` also takes the name "transformers", which stands for a checkpoint of that package.
    """
    return sorted(name for names in FAMILIES.values() for name in names)


def family_of(name: str) -> str:
    """Return the family of a backbone, which is the module that holds it.

    Raises:
        UserError: Unknown name.
    """
    for family, names in FAMILIES.items():
        if name in names or (family, name) == ("vit", FOLDER):
            return family
    raise unknown("backbone", name, [*list_backbones(), FOLDER])


def has_weights(name: str) -> bool:
    """Return whether a backbone has parameters at all."""
    return family_of(name) not in ("flow", "pixels")


def takes_any_size(name: str) -> bool:
    """Return whether a backbone takes other input sizes than its checkpoint's (within limits)."""
    return family_of(name) not in ("coatnet", "maxvit")
