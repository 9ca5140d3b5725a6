"""Two towers from random weights: do they find scenes by captions of combinations that they never saw?

    python benchmarks/two_towers.py train FOLDER    # one core; writes the hub's CLIP layout
    python benchmarks/two_towers.py print FOLDER    # what they find, through emoir

No pretrained pair of towers is at hand, so that the contract of text towers is proved with a pair of our own: pictures
and captions are generated, a fifth of the combinations is held out before training, and the pair is exported as the hub
lays CLIP out, tokenizer and all. ``print`` trains heads on it as a user would, indexes the held-out pictures and asks
for each by its caption.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from emoir import Collection, Model
from emoir.datasets import read_dataset
from emoir.emotions.content import TEXT
from emoir.evaluate.provenance import provenance
from emoir.models.encoder import find_encoder
from emoir.models.text_tower import TextTower
from emoir.models.tokens import find_tokens
from emoir.training.content_scores import ContentLabels
from emoir.training.train_heads import calibrate_content, train_heads
from scenes import COLOURS, COUNTS, PLACES, SHAPES, SIDE, Scene, draw, split_scenes

SEED, STEPS, BATCH, RATE = 0, 1000, 192, 2e-3
LENGTH, WIDTH, CONTEXT = 64, 64, 16
# Pictures of each held-out combination; captions of other scenes per picture, for calibration.
EACH, OTHERS = 4, 9


class VisionTower(nn.Module):
    """Pixels (n, 3, 64, 64) to embeddings (n, 64)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 96, 128)
        stages: list[nn.Module] = []
        for before, after in pairwise(widths):
            stages += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.stages = nn.Sequential(*stages)
        self.project = nn.Linear(widths[-1], LENGTH)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """What is seen anywhere, averaged."""
        seen: Tensor = self.project(self.stages(pixel_values).mean(dim=(2, 3)))
        return seen


class PhraseTower(nn.Module):
    """Tokens (n, 16) to embeddings (n, 64): one block of a transformer, averaged over the words that are there."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, WIDTH), nn.Parameter(torch.zeros(CONTEXT, WIDTH))
        self.ask, self.answer, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.think = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))
        self.project = nn.Linear(WIDTH, LENGTH)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Words that are padding are not looked at."""
        there = attention_mask.to(torch.float32)
        words = self.words(input_ids) + self.places
        normed = self.norms[0](words)
        weights = self.ask(normed) @ self.answer(normed).transpose(1, 2) / WIDTH**0.5 + (there[:, None, :] - 1) * 1e4
        words = words + weights.softmax(dim=2) @ self.value(normed)
        words = words + self.think(self.norms[1](words))
        mean = (words * there[:, :, None]).sum(dim=1) / there.sum(dim=1, keepdim=True)
        phrase: Tensor = self.project(mean)
        return phrase


def write_tokenizer(folder: Path) -> None:
    """The tokenizer as the hub holds it: English words and Chinese characters, lower case."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    texts = [text for scene in (scene for part in split_scenes() for scene in part) for text in captions(scene)]
    split = pre_tokenizers.BertPreTokenizer()
    plain = normalizers.BertNormalizer(lowercase=True, handle_chinese_chars=True)
    words = {word for text in texts for word, _ in split.pre_tokenize_str(plain.normalize_str(text))}
    known = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *sorted(words)])}
    made = Tokenizer(models.WordLevel(known, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = plain, split
    made.save(str(folder / "tokenizer.json"))
    stated = {"model_max_length": CONTEXT, "pad_token": "[PAD]", "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(stated, indent=2))


def captions(scene: Scene) -> tuple[str, str]:
    """What is said of a scene, in English and in Chinese."""
    return scene.english, scene.chinese


def train(folder: Path) -> None:
    """Train both towers on one core and write them."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder)
    tokens = find_tokens((folder,), None)
    learnt, _ = split_scenes()
    vision, phrases = VisionTower(), PhraseTower(len(json.loads(tokens.to_json())["model"]["vocab"]))
    scale = nn.Parameter(torch.tensor(2.7))
    optimiser = torch.optim.AdamW([*vision.parameters(), *phrases.parameters(), scale], RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS, pct_start=0.1)
    began = time.process_time()
    for step in range(STEPS):
        # No two scenes of a batch are the same: a caption fits one picture of it.
        batch = [learnt[at] for at in random.choice(len(learnt), BATCH, replace=False)]
        written = [tokens(captions(scene)[int(random.integers(2))]) for scene in batch]
        pixels = torch.from_numpy(scaled(np.stack([draw(scene, random) for scene in batch])))
        ids, mask = (torch.from_numpy(np.concatenate([one[name] for one in written])) for name in INPUTS)
        seen, read = F.normalize(vision(pixels), dim=1), F.normalize(phrases(ids, mask), dim=1)
        logits = scale.clamp(max=4.6).exp() * seen @ read.T
        right = torch.arange(BATCH)
        loss = (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 50 == 0 or step == STEPS - 1:
            print(f"{step} loss {loss.item():.3f}, {time.process_time() - began:.0f} s", flush=True)
    write(folder, vision, phrases, time.process_time() - began)


INPUTS = ("input_ids", "attention_mask")


def scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 3, 64, 64) as ``preprocessor_config.json`` says."""
    return ((pixels.transpose(0, 3, 1, 2) / 255 - 0.5) / 0.5).astype(np.float32)


def write(folder: Path, vision: VisionTower, phrases: PhraseTower, seconds: float) -> None:
    """The hub's CLIP layout."""
    ids = torch.ones(2, CONTEXT, dtype=torch.int64)
    for network, given, names, output, name in (
        (vision, (torch.zeros(2, 3, SIDE, SIDE),), ("pixel_values",), "image_embeds", "vision_model"),
        # Of one tensor given twice the exporter makes one input.
        (phrases, (ids, ids.clone()), INPUTS, "text_embeds", "text_model"),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network.eval(),
                given,
                input_names=list(names),
                output_names=[output],
                dynamic_shapes={one: {0: torch.export.Dim("batch")} for one in names},
                dynamo=True,
                verbose=False,
            )
        assert program is not None
        program.save(str(folder / "onnx" / f"{name}.onnx"), external_data=False)
    preprocessing = {
        "do_center_crop": False,
        "size": {"height": SIDE, "width": SIDE},
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "resample": 2,
    }
    config = {"model_type": "clip", "projection_dim": LENGTH, "text_config": {"max_position_embeddings": CONTEXT}}
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing, indent=2))
    (folder / "config.json").write_text(json.dumps(config | {"seconds to train": round(seconds)}, indent=2))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Two towers for generated scenes\n")


def found_first(collection: Collection, asked: dict[str, Path]) -> float:
    """The share of phrases whose first answer is the picture meant."""
    hits = [collection.search(f"content:{phrase}", n=1, min_score=0).matches[0].path for phrase in asked]
    return float(np.mean([hit == wanted for hit, wanted in zip(hits, asked.values(), strict=True)]))


def save(scenes: list[Scene], folder: Path, random: np.random.Generator) -> list[Path]:
    """A picture of each scene, in a folder per place."""
    paths = []
    for number, scene in enumerate(scenes):
        paths.append(folder / scene.place / f"{number}.png")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw(scene, random)).save(paths[-1])
    return paths


def pairs(scenes: list[Scene], paths: list[Path], random: np.random.Generator) -> ContentLabels:
    """Every picture with its own caption, and with captions of other scenes, in both languages."""
    rows = []
    for at, path in enumerate(paths):
        others = random.choice([other for other in range(len(scenes)) if other != at], OTHERS, replace=False)
        for other in (at, *others.tolist()):
            rows.append((path, captions(scenes[other])[int(random.integers(2))], float(other == at)))
    return ContentLabels([row[0] for row in rows], [row[1] for row in rows], np.array([row[2] for row in rows]))


def brier(model: Path, labels: ContentLabels) -> float:
    """The mean squared error of calibrated scores."""
    tower, read = TextTower(model), Model(model)
    seen = {path: read.read(path).embedding for path in dict.fromkeys(labels.paths)}
    near = [
        (1 + float(seen[path] @ tower.embed(phrase))) / 2
        for path, phrase in zip(labels.paths, labels.phrases, strict=True)
    ]
    return float(np.mean((read.card.scores[TEXT](np.array(near)) - labels.agreement) ** 2))


def nearest_captions(model: Path, scenes: list[Scene], paths: list[Path], language: int) -> float:
    """The share of pictures whose nearest caption is their own."""
    tower, read = TextTower(model), Model(model)
    phrases = np.stack([tower.embed(captions(scene)[language]) for scene in scenes])
    seen = np.stack([read.read(path).embedding for path in paths])
    return float(np.mean((seen @ phrases.T).argmax(axis=1) == np.arange(len(scenes))))


def measure(folder: Path) -> None:
    """Print what the towers find of combinations that they never saw."""
    learnt, held_out = split_scenes()
    encoder, random = find_encoder(folder), np.random.default_rng(SEED + 1)
    first: list[list[float]] = [[], []]
    own: list[list[float]] = [[], []]
    with TemporaryDirectory() as work:
        save(learnt[::4], Path(work) / "learnt", random)
        model, cache = Path(work) / "model", Path(work) / "cache"
        train_heads(read_dataset(Path(work) / "learnt"), encoder, model, base=Model(), cache=cache)
        for number in range(EACH):
            pictures = Path(work) / f"held-out-{number}"
            paths = save(held_out, pictures, random)
            with Collection(pictures / "x.emoir", model=model) as collection:
                collection.index(pictures, workers=1)
                for language in range(2):
                    asked = {captions(scene)[language]: path for scene, path in zip(held_out, paths, strict=True)}
                    first[language].append(found_first(collection, asked))
                    own[language].append(nearest_captions(model, held_out, paths, language))
        # Half of the combinations calibrate, the others test it.
        calibrate_content(model, encoder, pairs(held_out[::2], paths[::2], random), cache=cache)
        tested = pairs(held_out[1::2], paths[1::2], random)
        error, chance = brier(model, tested), float(tested.agreement.var())
    print(f"| {len(held_out)} captions never seen | English | Chinese | by guessing |\n|---|---|---|---|")
    guessed = f"{1 / len(held_out):.3f}"
    for what, shares in {"the first answer is the picture meant": first, "the nearest caption is its own": own}.items():
        print(f"| {what} (recall@1) | {np.mean(shares[0]):.3f} | {np.mean(shares[1]):.3f} | {guessed} |")
    print(f"| Brier score of calibrated answers | {error:.3f} | both together | {chance:.3f} |\n")
    parts = f"{len(COUNTS)} numbers, {len(COLOURS)} colours, {len(SHAPES)} shapes, {len(PLACES)} places"
    seconds = json.loads((folder / "config.json").read_text())["seconds to train"]
    print(f"Scenes of {parts}; {EACH} pictures of each. Trained in {seconds} s of one core.\n")
    split = f"{len(learnt)} combinations learnt from, {len(held_out)} held out"
    print(provenance("generated scenes", split, f"seed {SEED}"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["train", "print"])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    (train if arguments.command == "train" else measure)(arguments.folder)
