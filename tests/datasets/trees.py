"""Miniature trees laid out as published sets are; the images are generated, or empty where nobody opens them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from emoir.emotions.spaces import EKMAN, MIKELS


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def emoset(root: Path) -> None:
    names = ("amusement", "awe", "sadness")
    for part, name in zip(("train", "val", "test"), names, strict=True):
        image, annotation = f"image/{name}/{name}_1.jpg", f"annotation/{name}/{name}_1.json"
        touch(root, image, annotation)
        # Its makers' rows have an id, the published archive's have none.
        entry = [name, f"{name}_1", image, annotation] if part == "train" else [name, image, annotation]
        (root / f"{part}.json").write_text(json.dumps([entry]))
    (root / "info.json").write_text("{}")


def fi(root: Path) -> None:
    touch(root, *(f"emotion_dataset/{name}/{name}_{number}.jpg" for name in MIKELS.names for number in (1, 2)))


def emotion6(root: Path) -> None:
    header = ["[image_filename]", "[valence]", "[arousal]", *(f"[prob. {name}]" for name in EKMAN.names)]
    rows = ["disgust/1.jpg\t2.5\t3.8\t0.133333\t0.7\t0\t0.0666667\t0.1\t0\t0", "joy/7.jpg\t9\t1\t0\t0\t0\t1\t0\t0\t0"]
    touch(root, "images/disgust/1.jpg", "images/joy/7.jpg")
    (root / "ground_truth.txt").write_text("\n".join(["\t".join(header), *rows]) + "\n")


def emotionroi(root: Path) -> None:
    touch(
        root, "images/anger/1.jpg", "images/surprise/2.jpg", "ground_truth/anger/1.jpg", "ground_truth/surprise/2.jpg"
    )
    (root / "training_testing_split").mkdir()
    (root / "training_testing_split/training.txt").write_text("anger/1.jpg\n")
    (root / "training_testing_split/testing.txt").write_text("surprise/2.jpg\r\n\n")


def artphoto(root: Path) -> None:
    touch(root, "amusement_1.jpg", "anger_2.jpg", "awe_3.jpg", "content_4.jpg", "disgust_5.jpg", "sad_6.jpg")


def abstract(root: Path) -> None:
    touch(root, "abstract_0001.jpg", "abstract_0002.jpg")
    (root / "ABSTRACT_groundTruth.csv").write_text(
        "'','Amusement','Anger','Awe','Content','Disgust','Excitement','Fear','Sad'\n"
        "'abstract_0001.jpg',1,0,0,2,0,0,0,1\n'abstract_0002.jpg',0,3,0,0,0,0,3,0\n"
    )


def iapsa(root: Path) -> None:
    touch(root, "pictures/1050.jpg", "pictures/2055.1.jpg")
    (root / "Mikels2005negativenorms.csv").write_text(
        "Picture,Category,AngrMean,DisgMean,FearMean,SadnMean\n1050.0,F,2,3,6,1\n9999.0,U,4,4,1,1\n"
    )
    (root / "Mikels2005positivenorms.csv").write_text(
        "Picture,Category,AmusMean,AweMean,ContMean,ExciMean\n2055.1,C,2,1,5,3\n"
    )


def gaped(root: Path) -> None:
    for number, category in enumerate(("A", "H", "N", "P", "Sn", "Sp"), 1):
        touch(root, f"{category}/{category}001.bmp")
        (root / f"{category}_with SD.txt").write_text(
            f"Name\tValence (SD)\tArousal (SD)\n{category}001.bmp\t{number * 10}.5 (12.25)\t60 (20)\t1 (2)\n\n"
        )


def oasis(root: Path) -> None:
    touch(root, "images/Dog 1.jpg", "images/Dog 12.jpg", "images/Lake.jpg")
    titles = "Theme,Category,Source,Valence_mean,Valence_SD,Valence_N,Arousal_mean,Arousal_SD,Arousal_N"
    (root / "OASIS.csv").write_text(
        f",{titles}\nI1,Dog 1 ,Animal,x,7,0.6,100,1,1.2,90\nI2,Dog 12,Animal,x,4,1,101,2.5,1,99\n"
        "I3,Lake,Scenery,x,1,1,101,4,1,99\n"
    )


def bass(root: Path) -> None:
    touch(root, "images/abuse.png", "images/dance.png")
    (root / "BASS_data.csv").write_text(
        "file_name,val_mean_us,aro_mean_us,val_sd_us,aro_sd_us,val_n_us,aro_n_us,val_mean_ch,keywords\n"
        'abuse.png,1,7,0.8,2.4,96,95,3,"fight, anger"\ndance.png,9,5,1.6,1.6,90,91,8,"joy, dance"\n'
    )


def twitter1(root: Path) -> None:
    touch(root, *(f"Agg_AMT_Candidates/{name}.jpg" for name in "abc"))
    (root / "three_agree.txt").write_text("a.jpg 1\nb.jpg 0\nc.jpg 1\n")
    (root / "four_agree.txt").write_text("b.jpg 0\nc.jpg 1\n")
    (root / "five_agree.txt").write_text("c.jpg 1\n")


def _votes(root: Path, rows: list[str]) -> None:
    touch(root, "images/1.jpg", "images/2.jpg")
    header = "images-name Amusement Awe Contentment Excitement Anger Disgust Fear Sadness"
    # Lines end in a space in some copies.
    (root / "ground_truth.txt").write_text("".join(f"{row} \n" for row in [header, *rows]))


def flickr_ldl(root: Path) -> None:
    _votes(root, ["1.jpg 3 0 5 1 0 0 0 2", "2.jpg 4 0 4 0 0 0 0 3"])


def twitter_ldl(root: Path) -> None:
    _votes(root, ["1.jpg 3 0 2 1 0 0 0 2", "2.jpg 0 0 0 0 8 0 0 0"])


def webemo(root: Path) -> None:
    touch(root, "train/0/220_F_1.jpg", "train/2/220_F_2.jpg", "test/5/220_F_3.jpg")
    (root / "train25.txt").write_text("https://x.net/jpg/00/220_F_1.jpg 0\nhttps://x.net/jpg/01/220_F_2.jpg 2\n")
    (root / "test25.txt").write_text("https://x.net/jpg/02/220_F_3.jpg 5\n")


def unbiasedemo(root: Path) -> None:
    names = ("anger", "fear", "joy", "love", "sadness", "surprise")
    touch(root, *(f"images/{name}/dog/{number}.jpg" for name in names for number in (1, 2)))


def wikiart_emotions(root: Path) -> None:
    touch(root, "paintings/58c6.jpg")
    titles = (
        "ID",
        "Style",
        "Title",
        "Art (image+title): fear",
        "ImageOnly: fear",
        "ImageOnly: love",
        "ImageOnly: trust",
    )
    rows = ('58c6\tModern\tA "quoted" title\t1\t0.3\t0.6\t0.3', "77aa\tModern\tx\t0\t0\t0\t0")
    (root / "WikiArt-Emotions-All.tsv").write_text("\n".join(["\t".join(titles), *rows]) + "\n")


TREES: dict[str, Callable[[Path], None]] = {
    build.__name__: build
    for build in (
        emoset,
        fi,
        emotion6,
        emotionroi,
        artphoto,
        abstract,
        iapsa,
        gaped,
        oasis,
        bass,
        twitter1,
        flickr_ldl,
        twitter_ldl,
        webemo,
        unbiasedemo,
        wikiart_emotions,
    )
}
