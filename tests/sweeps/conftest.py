"""One cache for all tests of sweeps: features are extracted once."""

import pytest


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("sweeps_cache")
