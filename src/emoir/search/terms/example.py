"""Examples: what an image that is shown asks for."""

from __future__ import annotations

import numpy as np

from emoir.emotions.reading import EmotionReading
from emoir.index.layout import RowLayout
from emoir.search.component import QueryComponent
from emoir.search.terms.point import point_component

# How much the classes, the place in the plane and the embedding of an example image count.
CLASSES_COUNT, POINT_COUNTS, EMBEDDING_COUNTS = 4 / 6, 1 / 6, 1 / 6
# Its classes count by this power of their probabilities: what it mostly evokes is what is looked for.
EXAMPLE_POWER = 2


def example_component(reading: EmotionReading, layout: RowLayout) -> QueryComponent:
    """An example image: the classes that it evokes most, a place in the plane and an embedding like its own.

    The classes count by the squares of their probabilities, so that what it mostly evokes is found where it is
    strongest; comparing whole distributions finds images as undecided as the example instead (docs/search.md has both
    figures).
    """
    point = point_component(reading.valence, reading.arousal, layout)
    vector = point.vector * np.float32(POINT_COUNTS)
    for space, classes in reading.distributions.items():
        powers = np.array(list(classes.values()), np.float32) ** EXAMPLE_POWER
        vector[layout.distribution(space)] = CLASSES_COUNT * powers / powers.sum() / len(reading.distributions)
    # The cosine, from -1 to 1, brought to 0 to 1 like the others.
    vector[layout.embedding] = EMBEDDING_COUNTS * reading.embedding / 2
    return QueryComponent(vector=vector, offset=point.offset * POINT_COUNTS + EMBEDDING_COUNTS / 2, kind="example")
