"""Frames of a fixed camera, drawn with known sizes, places and velocities."""

import types

import cv2
import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.frames.on_demand import Frames
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Video
from vadjax.detectors.scene.bodies import Bodies
from vadjax.features.scene.meter import SceneMeter
from vadjax.features.scene.reference import Reference
from vadjax.features.scene.rows import window_rows
from vadjax.features.scene.seen_objects import ObjectMeter
from vadjax.objects import Detections, ObjectDetector

SHAPE = (96, 128)


def backdrop(shape=SHAPE, seed=0):
    """Smooth grey texture, uint8 of a shape."""
    noise = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(90 + 30 * smooth / smooth.std(), 40, 140).astype(np.uint8)


def texture(height, width, seed=7):
    """A bright body with enough texture to see it move, uint8 [height, width]."""
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.2)
    return np.clip(210 + 20 * smooth / max(smooth.std(), 1e-6), 170, 255).astype(np.uint8)


def put(frame, body, x, y):
    """Draw a body with its upper left corner at (x, y), to a fraction of a pixel; in place."""
    shift = np.array([[1, 0, x], [0, 1, y]], np.float32)
    size = frame.shape[1], frame.shape[0]
    moved = cv2.warpAffine(body, shift, size, flags=cv2.INTER_LINEAR)
    share = cv2.warpAffine(np.ones(body.shape, np.float32), shift, size, flags=cv2.INTER_LINEAR)
    inside = share > 0.5
    frame[inside] = moved[inside]
    return frame


def reference(background, *, body=16.0, limit=14.0):
    """A reference without estimation: the working frame is the frame."""
    tall = np.full(len(background), body, np.float32)
    limits = np.full(background.shape, limit, np.float32)
    return Reference(background.astype(np.float32), limits, tall, True, background.shape)


class Drawn(Frames):
    """Frames that are in memory."""

    def __init__(self, frames):
        super().__init__(len(frames), size=frames[0].shape[:2])
        self._frames = frames

    def _read(self, index):
        return self._frames[index]


class Objects(ObjectDetector):
    """An object detector by a rule: frame -> (class, score, box) of each object."""

    names = ("person", "bicycle")

    def __init__(self, rule):
        self._rule = rule

    def detect_batch(self, frames):
        return [self._found(self._rule(frame)) for frame in frames]

    def _found(self, seen):
        numbers = np.array([number for number, _, _ in seen], np.int64)
        return Detections(
            np.array([box for *_, box in seen], np.float32).reshape(-1, 4),
            np.array([score for _, score, _ in seen], np.float32),
            numbers,
            tuple(self.names[n] for n in numbers),
        )

    def spec(self):
        return {"detector": "drawn"}


class Means:
    """Looks without a network: the means of 4 x 4 parts of a crop, in units of 16 grey levels."""

    width = 16

    def none(self):
        return np.zeros((0, self.width), np.float16)

    def __call__(self, crops):
        parts = crops.reshape(len(crops), 4, 16, 4, 16, -1).mean((2, 4, 5), dtype=np.float64)
        return (parts.reshape(len(crops), -1) / 16).astype(np.float16)


def video(name, frames, *, fps=10.0):
    """Put frames into a video; its fingerprint is its name."""
    split = name.split("/")[0]
    return Video(id=name, split=split, frames=Drawn(frames), fps=fps, fingerprint=name)


def measured(frames, camera, fps, looks=None, objects=None):
    """The inputs of detector scene, frame by frame, without a store."""
    meter, looks = SceneMeter(camera, fps), looks or Means()
    found = [meter.update(frame) for frame in frames]
    crops = [one.crops for one in found if len(one.crops)]
    embedded = looks(np.concatenate(crops)) if crops else looks.none()
    rows = {
        "cells": np.stack([one.cells for one in found]),
        "windows": window_rows(found, embedded),
    }
    if objects is not None:
        rows["objects"] = ObjectMeter(objects, camera, fps).update(frames)
    return rows


def clip(name, frames, camera, *, fps=10.0, default_fps=10.0, looks=None, objects=None):
    """Put frames into a clip whose rows are measured at once."""
    one = video(name, frames, fps=fps)
    rows = measured(frames, camera, fps or default_fps, looks, objects)

    def read(what, segment):
        return rows[what][segment.start : segment.stop]

    return Clip(name, Units((Segment(name, 0, len(frames)),)), (one,), read)


def bodies(
    places, *, velocity=None, looks=None, height=16.0, grid=(12, 16), cells=None, objects=None
):
    """Bodies at (x, y), as they are read of a frame."""
    count = len(places)
    centres = np.array(places, np.float32).reshape(count, 2)
    velocity = np.zeros((count, 2)) if velocity is None else velocity
    looks = np.zeros((count, 1)) if looks is None else looks
    return Bodies(
        np.zeros((*grid, 5), np.float32) if cells is None else cells,
        centres,
        np.full(count, height, np.float32),
        np.asarray(velocity, np.float32)[:count].reshape(count, 2),
        np.asarray(looks, np.float32)[:count],
        objects,
    )


def frontend(camera, **more):
    """What `Scene` needs of a `detectors.frontend.Frontend`: drawn measures, nothing shared."""
    return types.SimpleNamespace(
        reference=camera, looks=Means(), shared=lambda key, make: make(), **more
    )
