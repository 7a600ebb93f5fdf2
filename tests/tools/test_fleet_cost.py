"""The cost of fleets is arithmetic on rates that the documentation states."""

import pathlib

import pytest

from tools import fleet_cost

DOCS = pathlib.Path(__file__).parents[2] / "docs"


def test_the_page_has_the_table_of_the_defaults(capsys):
    fleet_cost.main([])
    assert capsys.readouterr().out in (DOCS / "scaling.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("machine", fleet_cost.MACHINES, ids=lambda machine: machine.name)
def test_a_rate_is_one_that_a_page_states(machine):
    assert machine.stated in (DOCS / machine.page).read_text(encoding="utf-8")
    [number] = [word for word in machine.stated.split() if word[0].isdigit()]
    if "ms of processor a frame" in machine.stated:  # of one core
        assert machine.frames_per_s == pytest.approx(machine.cores * 1000 / float(number))
    else:
        assert machine.frames_per_s == float(number)


def test_by_hand():
    """40 cameras at 5 frames a second are 200: two machines of 100, and one more at 70 %."""
    machine = fleet_cost.Machine("", "", "", 100.0, cores=4, cards=1)
    found = fleet_cost.cost(machine, 40, rate=5.0, busy=0.7)
    assert found == fleet_cost.Cost(machines=3, core_hours=192.0, card_hours=48.0)
    assert fleet_cost.cost(machine, 14, rate=5.0, busy=0.7).machines == 1  # just fits
