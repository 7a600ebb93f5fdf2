"""The table of backbones: published counts, and no trace left in what is listed."""

import sys

from tools import list_backbones
from vadjax.backbones import convolution


def test_rows_are_as_published_and_forms_are_chosen_again(capsys, monkeypatch):
    names = ["mobilenetv2_100", "flow", "flow_lite0"]
    monkeypatch.setattr(sys, "argv", ["list_backbones", *names, "--markdown"])
    list_backbones.main()
    head, rule, row, flow, both = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:5] == ["mobilenetv2_100", "3.5 M", "1280", "224 x 224", "0.62"]
    assert (
        rule.count("|") == head.count("|") == flow.count("|") == both.count("|") == len(cells) + 1
    )
    shape, kernel, pads = (1, 8, 8, 32), (1, 1, 32, 64), ((0, 0), (0, 0))
    assert convolution.choose(shape, kernel, 1, pads, "cpu") == "dot"
