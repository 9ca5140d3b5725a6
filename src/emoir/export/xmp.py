"""Sidecar: the reading of an image as XMP, in a file beside it; the image itself is never changed."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.errors import EmoirError
from emoir.files import atomic_write, open_regular
from emoir.index.base import ImageMetadata
from emoir.index.ratings import Rating

try:
    from lxml import etree
except ImportError:
    raise EmoirError("XMP sidecars need lxml: pip install lxml") from None

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "emoir": "urn:emoir:xmp:1",
}
# Photo managers show the levels of a keyword as a tree: emotion > awe.
PARENT_KEYWORD = "emotion"
# Larger sidecars are refused: they hold more than words, and parsing them costs memory.
MAX_BYTES = 10_000_000
EMPTY = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="%s"/></x:xmpmeta>' % NAMESPACES["rdf"].encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarLabels:
    """What a sidecar states about an image.

    Args:
        keywords: emotions that the image is named by; none for an image that is unsure.
        valence, arousal: predicted, in [0, 1].
        confidence: probability that most raters name the first keyword, in [0, 1].
        model: id of the model that read the image.
        rated: emotions that people gave it, one for each rating.
    """

    keywords: tuple[str, ...]
    valence: float
    arousal: float
    confidence: float
    model: str
    rated: tuple[str, ...] = ()

    @classmethod
    def of(cls, reading: EmotionReading, rated: Sequence[str] = ()) -> SidecarLabels:
        """The labels of a reading: the emotions that it names an image by, in its first space, and people's own."""
        space, probabilities = next(iter(reading.distributions.items()))
        probable = [name for name, probability in probabilities.items() if probability >= reading.unsure_below]
        return cls(
            keywords=() if reading.unsure else tuple(dict.fromkeys([reading.top(space), *probable])),
            valence=round(reading.valence, 4),
            arousal=round(reading.arousal, 4),
            confidence=round(reading.confidence, 4),
            model=reading.model,
            rated=tuple(rated),
        )


def sidecar_labels(
    metadata: Sequence[ImageMetadata], readings: EmotionReadings, ratings: Iterable[Rating]
) -> list[SidecarLabels]:
    """The labels of images, in their order, each with the emotions that people gave it."""
    rated: dict[int, list[str]] = defaultdict(list)
    for rating in ratings:
        if rating.emotion is not None:
            rated[rating.image].append(rating.emotion)
    return [SidecarLabels.of(reading, rated[entry.id]) for entry, reading in zip(metadata, readings, strict=True)]


def sidecar_path(image: Path) -> Path:
    """The sidecar of an image: the one that is there, else a new name.

    Two names are in use: ``photo.xmp`` (Lightroom) and ``photo.jpg.xmp`` (darktable, digiKam). A new one gets
    the second, so that a raw file and its JPEG have one each.

    Example:
        >>> sidecar_path(Path("/no/such/photo.jpg")).name
        'photo.jpg.xmp'
    """
    short, full = image.with_suffix(".xmp"), image.with_name(image.name + ".xmp")
    return short if short.exists() and not full.exists() else full


def write_sidecar(image: Path, labels: SidecarLabels) -> Path:
    """Write the labels into the sidecar of an image.

    Whatever other programs wrote stays. Keywords of an earlier run that no longer hold are taken out. The sidecar
    remembers which keywords we added: one that was there before is neither written again nor ever taken out.

    Args:
        image: need not exist; only its name counts.
        labels: to write.

    Returns:
        The sidecar.

    Raises:
        EmoirError: if the sidecar that is there cannot be read.

    Example:
        >>> import tempfile
        >>> labels = SidecarLabels(keywords=("awe",), valence=0.8, arousal=0.5, confidence=0.7, model="emoir-x")
        >>> image = Path(tempfile.mkdtemp()) / "photo.jpg"
        >>> write_sidecar(image, labels).name, read_sidecar(image) == labels
        ('photo.jpg.xmp', True)
    """
    file = sidecar_path(image)
    packet = sidecar(labels, _parse(file) if file.exists() else None)
    with atomic_write(file) as partial:
        partial.write_bytes(packet)
    return file


def sidecar(labels: SidecarLabels, root: etree._Element | None = None) -> bytes:
    """The content of a sidecar with some labels.

    Args:
        labels: to write.
        root: of the sidecar that is there, which is changed; None for a new one.
    """
    root = etree.fromstring(EMPTY) if root is None else root
    description = _description(root)
    paths = tuple(f"{PARENT_KEYWORD}|{word}" for word in labels.keywords)
    for prefix, name, ours in (("dc", "subject", labels.keywords), ("lr", "hierarchicalSubject", paths)):
        memory = f"added{name[0].upper()}{name[1:]}"
        _remove_items(root, prefix, name, _items(root, "emoir", memory))
        others = {_folded(item) for item in _items(root, prefix, name)}
        added = [item for item in ours if _folded(item) not in others]
        _add_items(root, description, prefix, name, added)
        _set_items(root, description, memory, added)
    _set_items(root, description, "keywords", labels.keywords)
    _set_items(root, description, "rated", labels.rated)
    for name in ("valence", "arousal", "confidence"):
        _set_text(root, description, name, f"{getattr(labels, name):.4f}")
    _set_text(root, description, "model", labels.model)
    # The packet markers let programs find XMP by scanning; the id is fixed by the standard (ISO 16684-1).
    xml = etree.tostring(root, encoding="unicode", pretty_print=True)
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{xml}<?xpacket end="w"?>\n'.encode()


def read_sidecar(image: Path) -> SidecarLabels | None:
    """The labels that ``write_sidecar`` wrote beside an image, or None.

    Raises:
        EmoirError: if the sidecar cannot be read.
    """
    if not (file := sidecar_path(image)).exists():
        return None
    root = _parse(file)
    texts = {name: _text(root, name) for name in ("valence", "arousal", "confidence", "model")}
    if None in texts.values():
        return None
    try:
        numbers = {name: float(texts[name] or "") for name in ("valence", "arousal", "confidence")}
    except ValueError:
        raise EmoirError(f"{file}: emoir's valence, arousal or confidence is not a number") from None
    return SidecarLabels(
        keywords=tuple(_items(root, "emoir", "keywords")),
        model=texts["model"] or "",
        rated=tuple(_items(root, "emoir", "rated")),
        **numbers,
    )


def _parse(file: Path) -> etree._Element:
    with open_regular(file) as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise EmoirError(f"{file}: is larger than {MAX_BYTES:,} bytes; move it away to get a new one")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise EmoirError(f"{file}: is not XML ({error.msg}); move it away to get a new one") from None
    if b"<!DOCTYPE" in content:
        raise EmoirError(f"{file}: has a DOCTYPE, which XMP never has; move it away to get a new one")
    if root.find(".//rdf:RDF", NAMESPACES) is None and root.tag != _name("rdf", "RDF"):
        raise EmoirError(f"{file}: is XML but not XMP: it has no rdf:RDF; move it away to get a new one")
    return root


def _name(prefix: str, name: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{name}"


def _description(root: etree._Element) -> etree._Element:
    """The block of properties that new ones go into; made if there is none."""
    rdf = root if root.tag == _name("rdf", "RDF") else root.find(".//rdf:RDF", NAMESPACES)
    assert rdf is not None
    for block in rdf.findall("rdf:Description", NAMESPACES):
        if NAMESPACES["emoir"] in block.nsmap.values():
            return block
    used = {prefix: NAMESPACES[prefix] for prefix in ("dc", "lr", "emoir")}
    return etree.SubElement(rdf, _name("rdf", "Description"), {_name("rdf", "about"): ""}, nsmap=used)


def _property(root: etree._Element, prefix: str, name: str) -> etree._Element | None:
    return root.find(f".//rdf:Description/{prefix}:{name}", NAMESPACES)


def _folded(keyword: str) -> str:
    """A keyword as photo managers compare them: without case, in one Unicode form."""
    return unicodedata.normalize("NFC", keyword).casefold()


def _containers(root: etree._Element, prefix: str, name: str) -> list[etree._Element]:
    """The lists of a property: rdf:Bag, rdf:Seq or rdf:Alt; a single text becomes a list."""
    for block in root.findall(".//rdf:Description", NAMESPACES):
        if (own := _name(prefix, name)) in block.attrib:
            etree.SubElement(block, own).text = str(block.attrib.pop(own))
    found = []
    for element in root.findall(f".//rdf:Description/{prefix}:{name}", NAMESPACES):
        if len(element) == 0:
            single, element.text = (element.text or "").strip(), None
            bag = etree.SubElement(element, _name("rdf", "Bag"))
            if single:
                etree.SubElement(bag, _name("rdf", "li")).text = single
        found += [child for child in element if child.find("rdf:li", NAMESPACES) is not None]
    return found


def _items(root: etree._Element, prefix: str, name: str) -> list[str]:
    return [item.text or "" for bag in _containers(root, prefix, name) for item in bag.iterfind("rdf:li", NAMESPACES)]


def _remove_items(root: etree._Element, prefix: str, name: str, items: Collection[str]) -> None:
    """Take texts out of a list; one that becomes empty goes with its property."""
    for bag in _containers(root, prefix, name):
        for item in bag.findall("rdf:li", NAMESPACES):
            if (item.text or "") in items:
                bag.remove(item)
        element = bag.getparent()
        if len(bag) == 0 and element is not None and (block := element.getparent()) is not None:
            block.remove(element)


def _add_items(root: etree._Element, description: etree._Element, prefix: str, name: str, items: Sequence[str]) -> None:
    """Append texts to a list, which is made if there is none."""
    if not items:
        return
    bags = _containers(root, prefix, name)
    bag = bags[0] if bags else etree.SubElement(etree.SubElement(description, _name(prefix, name)), _name("rdf", "Bag"))
    for item in items:
        etree.SubElement(bag, _name("rdf", "li")).text = item


def _set_items(root: etree._Element, description: etree._Element, name: str, items: Sequence[str]) -> None:
    """Replace a list of ours."""
    _remove_items(root, "emoir", name, _items(root, "emoir", name))
    _add_items(root, description, "emoir", name, items)


def _text(root: etree._Element, name: str) -> str | None:
    """A property of ours, written as an element or, as some programs rewrite it, as an attribute."""
    element = _property(root, "emoir", name)
    if element is not None:
        return element.text or ""
    for block in root.iterfind(".//rdf:Description", NAMESPACES):
        if (value := block.get(_name("emoir", name))) is not None:
            return str(value)
    return None


def _set_text(root: etree._Element, description: etree._Element, name: str, text: str) -> None:
    for block in root.iterfind(".//rdf:Description", NAMESPACES):
        block.attrib.pop(_name("emoir", name), "")
    element = _property(root, "emoir", name)
    if element is None:
        element = etree.SubElement(description, _name("emoir", name))
    element.text = text
