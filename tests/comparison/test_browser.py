"""The page of a comparison in a real browser: wide tables stay within it, rows open their runs."""

import dataclasses

import pytest

from tests import runs
from tests.browser import Tab
from vadjax.comparison import compare, page

LONG = "a_detector_of_a_sweep_with_a_name_of_many_words"


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The page of twelve detectors with every published table, beside one that is written."""
    folder = tmp_path_factory.mktemp("compared")
    made = [
        runs.write(
            folder / f"{LONG}_{number}",
            seed=0,
            auc=0.5 + number / 40,
            config={"train__epochs": number},
        )
        for number in range(1, 13)
    ]
    for each in made[:-1]:
        (folder / each / "report.html").write_text("<h1>a run</h1>")
    found = dataclasses.replace(compare.compare(made), article=True)
    return page.write_page(folder / "compare.html", found)


@pytest.mark.parametrize("width", [1280, 390])
def test_wide_tables_scroll_by_themselves(chromium, compared, width):
    tab = Tab(chromium, compared, width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    outside = """[...document.querySelectorAll("table")].filter(table => {
        for (let box = table; box !== document.body; box = box.parentElement) {
            const style = getComputedStyle(box).overflowX;
            if (["auto", "scroll"].includes(style)) return false;
        }
        return table.getBoundingClientRect().right > innerWidth;
    }).length"""
    assert tab.evaluate(outside) == 0
    assert tab.faults == []
    tab.close()


def test_a_row_opens_its_run(chromium, compared):
    tab = Tab(chromium, compared)
    tab.locator("table a").first.click()
    tab.wait_for_load_state()
    assert tab.url.endswith(("report.html", "metrics.json"))
    assert tab.faults == []
    tab.close()
