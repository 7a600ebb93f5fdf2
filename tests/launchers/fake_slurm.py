"""SLURM's commands, as scripts that start the tasks of an array on this machine at once."""

import os
import pathlib
import sys

SBATCH = """\
import os, pathlib, re, subprocess, sys
state = pathlib.Path({state!r})
number = len(list(state.glob("*.job"))) + 1
(state / f"{{number}}.job").write_text(pathlib.Path(sys.argv[-1]).read_text())
array = re.search(r"^#SBATCH --array=(\\d+)-(\\d+)", (state / f"{{number}}.job").read_text(), re.M)
for task in range(int(array[1]), int(array[2]) + 1) if array else [None]:
    name = f"{{number}}" if task is None else f"{{number}}_{{task}}"
    of_array = {{}} if task is None else {{
        "SLURM_ARRAY_JOB_ID": str(number), "SLURM_ARRAY_TASK_ID": str(task)}}
    alone = {{"SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_NODEID": "0",
             "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_JOB_ID": str(number)}}
    command = f"bash {{sys.argv[-1]}}; echo $? > {{state}}/{{name}}.rc"
    subprocess.Popen(["bash", "-c", command], env={{**os.environ, **alone, **of_array}},
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, start_new_session=True)
print("Submitted batch job", number)
"""
SRUN = """\
import subprocess, sys
words, log = sys.argv[1:], None
while words[0].startswith("-"):
    if words.pop(0) in ("--output", "--error"):
        words.pop(0)
sys.exit(subprocess.run(words).returncode)
"""
SACCT = """\
import pathlib, sys
print("JobID|State|NodeList")
for path in sorted(pathlib.Path({state!r}).glob("*.rc")):
    code = path.read_text().strip()
    print(path.stem, "COMPLETED" if code == "0" else "NODE_FAIL", "here", sep="|")
"""


def install(folder: pathlib.Path, monkeypatch) -> pathlib.Path:
    """Put the commands first into PATH; return the folder of the scripts that were submitted."""
    commands, state = folder / "bin", folder / "state"
    commands.mkdir(parents=True)
    state.mkdir()
    for name, text in (("sbatch", SBATCH), ("srun", SRUN), ("sacct", SACCT), ("scancel", "")):
        path = commands / name
        path.write_text(f"#!{sys.executable}\n{text.format(state=str(state))}")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    return state
