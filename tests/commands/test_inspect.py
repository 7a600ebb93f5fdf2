"""`vadjax inspect` prints what was found of a data set against what is expected."""

from tests.commands.test_help import vadjax_command
from tests.data import layouts


def inspect(tmp_path, *arguments):
    return vadjax_command("inspect", *arguments, f"--cache_dir={tmp_path / 'cache'}")


def test_found_against_expected(tmp_path):
    intervals = [[(1, 2)] for _ in range(12)]
    layouts.ucsd_official(
        tmp_path, "UCSDped2", train={1: 4}, test={3: 5}, intervals=intervals, masks=[3]
    )
    done = inspect(tmp_path, "ucsd_ped2", f"--data_dir={tmp_path}")
    assert done.returncode == 0, done.stderr
    cells = [line.replace(" ", "") for line in done.stdout.splitlines()]
    assert "│train│1/16│4/2,550│0/0│" in cells
    assert "│test│1/12│5/2,010│2/1,648│" in cells
    assert "│test/03│5/150│2/146│36x24│10(assumed)│" in cells
    assert "coverage: 2 of 28 clips" in done.stdout
    assert "deviation 1: train: 1 of 16 clips; missing 2-16" in done.stdout
    assert "deviation 6: 2 clips are 36x24 pixels instead of 360x240" in done.stdout
    assert done.stdout.count("  meaning: ") == 6


def test_a_user_error_is_one_line_and_a_failure(tmp_path):
    done = inspect(tmp_path, "avenue", f"--data_dir={tmp_path / 'nowhere'}")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "nowhere does not exist" in done.stderr
    done = inspect(tmp_path, "avenu")
    assert done.returncode == 1 and "Did you mean 'avenue'?" in done.stderr


def test_real_avenue(tmp_path, real_data):
    done = inspect(tmp_path, "avenue", f"--data_dir={real_data / 'data/Avenue_Dataset'}")
    cells = [line.replace(" ", "") for line in done.stdout.splitlines()]
    assert "│train│2/16│389/15,328│0/0│" in cells
    assert "│test│4/21│679/15,324│537/3,712│" in cells
    assert "│test/20│273/273│154/154│640x360│25│" in cells
    assert "coverage: 6 of 37 clips" in done.stdout
