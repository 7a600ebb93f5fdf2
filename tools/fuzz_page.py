"""Requests of all kinds against the page of a watch, by its OpenAPI document: no 500 may come.

python tools/fuzz_page.py [--requests=10000] [--seed=0]

Needs the package schemathesis, which no extra has: pip install schemathesis. The page is served
as ever, by a socket; requests that are valid and such that are not are made by schemathesis, and
each is sent with the paths of the document. Prints how many of each status came; ends with status 1
where one was 500 or above (but for 503 of /api/health), or a file outside of the folder was sent.
"""

import argparse
import collections
import itertools
import pathlib
import sys
import tempfile

import hypothesis
from hypothesis import strategies

try:
    import schemathesis
except ImportError:
    sys.exit("fuzz_page needs the package schemathesis: pip install schemathesis")

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from tests.live.server import watched
from vadjax.live.server import Server
from vadjax.live.status import Status

SECRET = b"what lies outside of the folder"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    statuses: collections.Counter = collections.Counter()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        outside = pathlib.Path(place) / "secret.jpg"
        outside.write_bytes(SECRET)
        folder = pathlib.Path(place) / "watch"
        store, status = watched.fill_store(folder), Status(["gate"])
        watched.fill_status(status, seconds=60)
        server = Server(folder, store, status=status, port=0)
        server.start()
        schema = schemathesis.openapi.from_url(server.url + "openapi.json")
        # The stream of events has no end, and is not waited for.
        operations = [
            found.ok() for found in schema.get_all_operations() if "stream" not in found.ok().path
        ]
        modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
        names = strategies.sampled_from(
            [*["gate", "gate-0003"] * 4, "..", "../secret.jpg", "%2e%2e/secret.jpg", "a" * 300]
        )
        each, seed = min(options.requests // (2 * len(operations)) + 1, 50), options.seed
        while sum(statuses.values()) < options.requests:
            for operation, mode in itertools.product(operations, modes):
                try:
                    cases = operation.as_strategy(generation_mode=mode)
                    _send(cases, names, each, seed, server.url, statuses, faults)
                except hypothesis.errors.Unsatisfiable:
                    continue  # nothing is invalid where there are no parameters
            seed += 1
            print(f"{sum(statuses.values())} requests, {len(faults)} faults", flush=True)
        server.close()
        store.close()
    total = sum(statuses.values())
    print(f"{total} requests:", ", ".join(f"{n} of {s}" for s, n in sorted(statuses.items())))
    for fault in faults[:20]:
        print(fault)
    sys.exit(bool(faults))


def _send(cases, names, count, seed, url, statuses, faults) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(cases, names, strategies.booleans())
    def one(case, name, replaced):
        if replaced:
            if "id" in (case.path_parameters or {}):
                case.path_parameters["id"] = name
            if case.query and "source" in case.query:
                case.query["source"] = name
        answer = case.call(base_url=url, timeout=20)
        statuses[answer.status_code] += 1
        lost = answer.status_code == 503 and case.path == "/api/health"
        if (answer.status_code >= 500 and not lost) or SECRET in answer.content:
            faults.append(f"{answer.status_code} {case.as_curl_command()[:300]}")

    one()


if __name__ == "__main__":
    main()
