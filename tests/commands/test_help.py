"""Help screens fit a terminal, and a wrong verb is answered with the nearest one."""

import subprocess
import sys
import time

import pytest

import vadjax
from vadjax.commands import VERBS


def vadjax_command(*arguments, **options):
    command = [sys.executable, "-m", "vadjax", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_fits_a_screen_and_has_two_examples(verb):
    done = vadjax_command(*filter(None, [verb]), "--help")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and not done.stderr
    assert 8 < len(lines) <= 24 and max(map(len, lines)) <= 100
    examples = [line for line in lines if line.startswith(f"  vadjax {verb}".rstrip())]
    assert len(examples) >= 2
    if not verb:
        assert all(any(line.startswith(f"  {v}") for line in lines) for v in VERBS)


def test_no_verb_and_the_version():
    assert vadjax_command().stdout == vadjax_command("--help").stdout
    assert vadjax_command("--version").stdout.strip() == vadjax.__version__


def test_an_unknown_verb():
    done = vadjax_command("trian", "ped2_lstm")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "verb 'trian' unknown" in done.stderr and "Did you mean 'train'?" in done.stderr


@pytest.mark.parametrize(
    ("module", "text"), [("main", "--config"), ("sweep", "--dry_run"), ("detect", "--fps")]
)
def test_the_modules_keep_their_help(module, text):
    command = [sys.executable, "-m", f"vadjax.{module}", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and text in done.stdout and "--workdir" in done.stdout


def test_a_wrong_value_is_answered_without_jax():
    code = (
        "import sys; sys.argv = ['vadjax', 'train', 'synthetic_lstm', 'model.name=lsmt']\n"
        "from vadjax.__main__ import main\n"
        "try:\n    main()\n"
        "finally:\n    print('jax' in sys.modules)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.strip() == "False"
    assert "Did you mean 'lstm'?" in done.stderr
    assert time.perf_counter() - start < 10  # 0.4 s on an idle core
