"""The unrated pictures of pre-training: which public repositories hold them, and how many of each are taken.

Nothing of them is part of this project. A repository that states no terms is used for research only, and the weights'
licence says so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Pictures in one git repository.

    Args:
        repository: owner/name on GitHub.
        folders: prefixes of the paths that count.
        side: at which they are kept; below 144 where the pictures themselves are smaller.
        most: how many are taken at most, spread evenly over the repository.
        history: whether pictures of earlier commits count, too.
    """

    repository: str
    folders: tuple[str, ...] = ("",)
    side: int = 144
    most: int | None = None
    history: bool = True


SOURCES = {
    "miniplaces": Source(repository="rathull/CTFs", folders=("data/images/",), side=128),
    "flickr8k": Source(repository="RlNZLER/Image-Text-Matching", folders=("data/images/",)),
    "coco_sub": Source(repository="nsimsiri/Image-Captioning", folders=("data/",)),
    "mini_imagenet84": Source(repository="Deo0330/split_minidataset", side=84),
    "caltech101": Source(repository="MachineLearning2020/Homework2-Caltech101", folders=("101_ObjectCategories/",)),
    "intel_scenes": Source(repository="ndb796/Scene-Classification-Dataset", folders=("train-scene",)),
    "imagenette": Source(repository="thunderInfy/imagenette"),
    "sports22": Source(repository="jurjsorinliviu/Sports-Type-Classifier", folders=("data/",)),
    "wikiart": Source(repository="jalpv1/wiki-art-selected-resized", most=15_000),
    "lfw": Source(repository="umass-vis-lfw/umass-vis-lfw.github.io", folders=("images/",), most=3_000),
    "imagewoof": Source(repository="q878787/imagewoof2-320", most=3_000),
    "food101": Source(repository="Gandolier/genai_food101_repo", folders=("data/",), side=64, most=10_000),
    "lnsim": Source(repository="JiaxinLu-home/Natural-Scene-Memorability-Dataset", folders=("Image_data/",)),
    "osie": Source(repository="NUS-VIP/predicting-human-gaze-beyond-pixels", folders=("data/stimuli/",)),
    "houses": Source(repository="JoshSowers/Houses-dataset", folders=("Houses Dataset/",), most=2_000),
    "clothing": Source(repository="alexeygrigorev/clothing-dataset", folders=("images/",), most=2_000),
    "grocery": Source(repository="marcusklasson/GroceryStoreDataset", folders=("dataset/",), most=2_000),
    "street_fashion": Source(repository="bearpaw/clothing-co-parsing", folders=("photos/",), most=2_000),
    "flowers": Source(repository="RlNZLER/Image-Text-Matching", folders=("dataset_for",), most=2_000),
    "pacs": Source(repository="MachineLearning2020/Homework3-PACS", folders=("PACS/photo/", "PACS/art_painting/")),
    "imagenet_mini37": Source(repository="pomatokyo/mini-imagenet", folders=("imagenet-mini/",), most=2_000),
    "animals3": Source(
        repository="pavan555/DeepLearning4OpenCV", folders=("datasets/animals/",), most=2_000, history=False
    ),
    "cats_dogs": Source(repository="quoctrung163/keras-cnn-on-cats-and-dogs-dataset", most=2_000, history=False),
}
