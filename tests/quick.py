"""XLA's options under which programs compile quickly and run slowly: for what runs once."""

import importlib.metadata

QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
if importlib.metadata.version("jaxlib").startswith("0.10."):  # an unknown one ends the process
    # The older emitters, and one module for all: half of what is left.
    QUICK |= {
        "xla_cpu_use_fusion_emitters": False,
        "xla_cpu_parallel_codegen_split_count": 1,
        "xla_llvm_force_inline_before_split": False,
    }


def flags() -> str:
    """Return `QUICK` as XLA_FLAGS has it."""
    return " ".join(f"--{name}={str(value).lower()}" for name, value in QUICK.items())
