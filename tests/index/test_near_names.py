"""Names with a slip of the pen."""

from __future__ import annotations

import os

from emoir.index.near_names import MOST_NAMES, near_names


def test_near_names_are_those_that_a_slip_of_the_pen_gives() -> None:
    names = [os.fsencode(name) for name in ("Müller.jpg", "IMG_1234.JPG", "IMG_1235.JPG", "harvest.jpeg", "b.jpg")]
    assert near_names(["box/Müler.jpg"], names) == {"box/Müler.jpg": ("Müller.jpg",)}
    # Case says nothing, another number means another picture.
    assert near_names(["img_1234.jpg"], names) == {"img_1234.jpg": ("IMG_1234.JPG",)}
    assert near_names(["IMG_1236.JPG"], names) == {}
    assert near_names(["harvest.jpg"], names) == {"harvest.jpg": ("harvest.jpeg",)}
    assert near_names(["a.jpg", "x.png", "Müller.jpg", "harvester-long.jpg"], names[:1]) == {}
    assert near_names(["a.jpg"], []) == {}


def test_in_a_large_index_only_what_begins_alike_is_compared() -> None:
    names = [b"sea%d.jpg" % number for number in range(MOST_NAMES)] + [b"harvest.jpg"]
    assert near_names(["harvst.jpg", "arvest.jpg"], names) == {"harvst.jpg": ("harvest.jpg",)}
