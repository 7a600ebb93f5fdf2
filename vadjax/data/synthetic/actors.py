"""Actors: what one person or vehicle does in a clip, and its figure."""

from dataclasses import dataclass

import numpy as np

from vadjax.data.synthetic.people import Look, add_person, axes, gait
from vadjax.data.synthetic.shapes import Colour, Figure
from vadjax.data.synthetic.vehicles import add_bag, add_cart, add_cyclist, add_handcart

KINDS = ("cyclist", "cart", "runner", "loiterer", "wrong_way", "dropped_object")
"""The kinds of anomaly; all other actors are of kind "walker"."""


@dataclass(frozen=True)
class Actor:
    """One actor; arrays are [t], one value per frame, positions in metres."""

    kind: str  # "walker" or one of KINDS
    x: np.ndarray
    y: np.ndarray
    heading: np.ndarray  # radians from +x
    speed: np.ndarray  # metres a second
    abnormal: np.ndarray  # bool: in which frames it is an anomaly, if it is seen
    look: Look
    colour: Colour  # of the vehicle or thing
    pushed: bool = False  # a cart pushed by a person
    phase: float = 0.0  # of the first step, radians
    carries: np.ndarray | None = None  # bool: when the bag is with its carrier; None = always

    def figure(self, fps: float) -> Figure:
        """Model the actor for all frames."""
        figure, at = Figure(len(self.x)), axes(self.x, self.y, self.heading)
        running = self.kind == "runner"
        rhythm = gait(self.speed, self.look, fps=fps, start=self.phase, running=running)
        if self.kind == "cyclist":
            add_cyclist(figure, at, self.look, np.cumsum(self.speed) / fps, self.colour)
        elif self.kind == "cart" and self.pushed:
            add_handcart(figure, at, self.look, rhythm, self.colour)
        elif self.kind == "cart":
            add_cart(figure, at, self.look, self.colour)
        elif self.kind == "dropped_object":
            add_bag(figure, at, self.look.bag, self.colour, self.abnormal)
        else:
            add_person(figure, at, self.look, rhythm, carries=self.carries)
        return figure
