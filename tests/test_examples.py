"""The command files under examples/ parse, and name flags, variables and configs that exist."""

import pathlib
import re
import subprocess

import pytest
import yaml

from vadjax.config import default_config, flatten
from vadjax.runtime import processes

ROOT = pathlib.Path(__file__).parents[1]
FILES = sorted(path for path in (ROOT / "examples").rglob("*") if path.is_file())
OTHERS = ("port", "address")  # Ray's


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_names_what_exists(path):
    text = path.read_text()
    known = flatten(default_config().to_dict())
    for key in re.findall(r"--config\.([\w.]+)=", text):
        assert key in known
    for config in re.findall(r"configs/[\w/]+\.py", text):
        assert (ROOT / config).is_file(), config
    if path.suffix == ".yaml":
        documents = list(yaml.safe_load_all(text))
        assert all(document["kind"] for document in documents)
    elif path.suffix in (".sh", ".sbatch"):
        subprocess.run(["bash", "-n", str(path)], check=True)
    modules = ("main", "sweep", "cli")
    doors = "".join((ROOT / "vadjax" / f"{module}.py").read_text() for module in modules)
    for flag in re.findall(r"^(?!#).* --([a-z_]+)=", text, re.MULTILINE):
        assert f'"{flag}"' in doors or flag in OTHERS, flag


def test_the_job_of_kubernetes_tells_its_processes_where_to_meet():
    service, job = yaml.safe_load_all((ROOT / "examples/kubernetes/train.yaml").read_text())
    spec = job["spec"]
    pod = spec["template"]["spec"]
    variables = {v["name"]: v.get("value") for v in pod["containers"][0]["env"]}
    assert tuple(variables) == processes.VARIABLES
    host, _, port = variables["VADJAX_COORDINATOR"].partition(":")
    assert host == f"{job['metadata']['name']}-0.{service['metadata']['name']}" and port.isdigit()
    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert spec["completions"] == spec["parallelism"] == int(variables["VADJAX_NUM_PROCESSES"])
