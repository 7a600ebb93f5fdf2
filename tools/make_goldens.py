"""Make the golden files, which test parity without torch.

    python tools/make_goldens.py backbones        # or models; without a name all of them

Each section is a module tools/make_goldens_<section>.py with `main(folder)`, needs the `parity`
extra (torch, timm), and writes small .npz files into tests/golden/.
"""

import importlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the sections named on the command line."""
    sys.path.insert(0, str(ROOT))
    prefix = "make_goldens_"
    sections = sorted(
        path.stem.removeprefix(prefix) for path in (ROOT / "tools").glob(f"{prefix}*.py")
    )
    wanted = sys.argv[1:] or sections
    if set(wanted) - set(sections):
        sys.exit(f"unknown section in {wanted}; choose from {', '.join(sections)}")
    folder = ROOT / "tests" / "golden"
    folder.mkdir(exist_ok=True)
    for section in wanted:
        importlib.import_module(f"tools.{prefix}{section}").main(folder)


if __name__ == "__main__":
    main()
