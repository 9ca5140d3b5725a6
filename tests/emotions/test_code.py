from __future__ import annotations

import numpy as np
import pytest

from emoir import Model
from emoir.emotions.code import decode_reading, encode_reading
from emoir.errors import QueryError
from tests.pictures import noise


def test_a_reading_survives_to_a_byte_a_number(model: Model) -> None:
    reading = model.read(noise(96, 4))
    code = encode_reading(reading)
    assert set(code) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert len(code) < 250
    back = decode_reading(code, model.card.class_names, ["before", model.id])
    assert back.model == "before"
    assert float(back.embedding @ reading.embedding) > 0.999
    for space, shares in reading.distributions.items():
        np.testing.assert_allclose(list(back.distributions[space].values()), list(shares.values()), atol=0.01)
    assert (back.valence, back.arousal) == pytest.approx((reading.valence, reading.arousal), abs=0.002)


def test_a_code_of_another_model_or_a_damaged_one_is_refused(model: Model) -> None:
    code = encode_reading(model.read(noise(96, 4)))
    with pytest.raises(QueryError, match="of another model"):
        decode_reading(code, model.card.class_names, ["other"])
    for damaged in (code[:-4], code + "AAAA", "", "A", "é"):
        with pytest.raises(QueryError, match="damaged"):
            decode_reading(damaged, model.card.class_names, ["before", model.id])
