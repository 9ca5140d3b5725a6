"""Published data sets: one file per layout, each naming where it was read."""

from emoir.datasets.published.abstract import ABSTRACT
from emoir.datasets.published.artphoto import ARTPHOTO
from emoir.datasets.published.base import Layout
from emoir.datasets.published.bass import BASS
from emoir.datasets.published.emoset import EMOSET
from emoir.datasets.published.emotion6 import EMOTION6
from emoir.datasets.published.emotionroi import EMOTIONROI
from emoir.datasets.published.fi import FI
from emoir.datasets.published.gaped import GAPED
from emoir.datasets.published.iapsa import IAPSA
from emoir.datasets.published.label_distributions import FLICKR_LDL, TWITTER_LDL
from emoir.datasets.published.oasis import OASIS
from emoir.datasets.published.twitter import TWITTER
from emoir.datasets.published.unbiasedemo import UNBIASEDEMO
from emoir.datasets.published.webemo import WEBEMO
from emoir.datasets.published.wikiart import WIKIART

PUBLISHED: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        EMOSET,
        FI,
        EMOTION6,
        EMOTIONROI,
        ARTPHOTO,
        ABSTRACT,
        IAPSA,
        GAPED,
        OASIS,
        BASS,
        TWITTER,
        FLICKR_LDL,
        TWITTER_LDL,
        WEBEMO,
        UNBIASEDEMO,
        WIKIART,
    )
}
"""Every layout by its name, in the order in which a folder is tried."""

__all__ = ["PUBLISHED", "Layout"]
