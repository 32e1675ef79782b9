"""Status words and codes of OPC UA, OPC Classic and the historians built on them."""

import contextlib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from common.fault import Fault
from common.historian.quality import BAD, GOOD, UNCERTAIN, read_quality, severity_da, severity_ua


def levels(*texts: str, **how) -> list[int]:
    cells = {"quality": pd.Series(list(texts), index=range(2, 2 + len(texts)), dtype="str")}
    return read_quality(cells, lambda name, line: f"x.csv line {line}: {name}", **how)[0]["quality"].tolist()


@given(some.integers(0, 2**32 - 1))
def test_the_severity_of_opc_ua_is_in_its_two_highest_bits(code):
    """OPC 10000-4: 00 good, 01 uncertain, 10 bad, 11 reserved, which clients treat as bad; the rest never matters."""
    wanted = [GOOD, UNCERTAIN, BAD, BAD][code // 2**30]
    assert severity_ua(code) == severity_ua(code ^ 0x3FFFFFFF) == wanted
    signed = code - 2**32 if code >= 2**31 else code
    assert levels(str(code), f"0x{code:08X}", f"0x{code:x}", str(signed), codes="ua") == [wanted] * 4


@given(some.integers(0, 255))
def test_the_quality_of_opc_classic_is_in_its_two_highest_bits(code):
    wanted = {0: BAD, 1: UNCERTAIN, 3: GOOD}.get(code // 64)
    assert severity_da(code) == wanted
    if wanted is not None:
        assert levels(str(code), codes="da") == levels(f"{code}.0", codes="da") == [wanted]


def test_names_of_the_standard_and_words_of_historians():
    good = ["Good", "GOOD", "GoodNoData", "Good_LocalOverride", "good (192)", "OK", ""]
    uncertain = ["UncertainLastUsableValue", "Uncertain", "uncertain, sub-normal", "Questionable"]
    bad = ["BadNoCommunication", "Bad_Stale", "bad", "Bad [Not Connected]", "Stale"]
    assert levels(*good) == [GOOD] * len(good)
    assert levels(*uncertain) == [UNCERTAIN] * len(uncertain)
    assert levels(*bad) == [BAD] * len(bad)


def test_known_codes():
    """BadNoCommunication 0x80310000, UncertainLastUsableValue 0x40900000, GoodNoData 0x00A50000 (OPC 10000-6, A.2)."""
    assert levels("0x80310000", "0x40900000", "0x00A50000", "0") == [BAD, UNCERTAIN, GOOD, GOOD]
    assert levels("2150694912", "-2144272384", "0") == [BAD, BAD, GOOD]
    assert levels("192", "0", "64", "216", "500") == [GOOD, BAD, UNCERTAIN, GOOD, BAD]
    assert levels("0x00000000") == [GOOD]


def test_own_words_go_first():
    words = {"bad": ["I/O Timeout", "0"], "good": ["1"]}
    assert levels("1", "0", "i/o timeout", "Good", words=words) == [GOOD, BAD, BAD, GOOD]


REFUSED = {
    ("0", "0"): r"line 2: quality: every status code is 0, which is good in OPC UA and bad .* data.quality.codes=ua or",
    ("192", "2150694912"): "line 2: quality = '192' fits the other status codes of the file neither as OPC UA nor",
    ("192", "150"): r"line 3: quality = '150' fits .* neither .* data.quality.words, under good",
    ("Good", "goodness"): "line 3: quality = 'goodness' is no status that is known. Name it in data.quality.words",
    ("Good", "99999999999"): "line 3: quality = '99999999999' is no status",
    ("4294967296",): "line 2: quality = '4294967296' is no status code of OPC UA",
}


@pytest.mark.parametrize("texts", REFUSED)
def test_an_unknown_status_is_refused_not_taken_as_good(texts):
    with pytest.raises(Fault, match=REFUSED[texts]):
        levels(*texts)


def test_a_code_outside_the_stated_kind():
    with pytest.raises(Fault, match="'150' is no status code of OPC Classic"):
        levels("150", codes="da")
    with pytest.raises(Fault, match="Write good, uncertain or bad"):
        levels("perhaps", setting=None)


@settings(max_examples=50)
@given(some.lists(some.text(max_size=12), max_size=5))
def test_any_text_is_a_level_or_a_sentence(texts):
    with contextlib.suppress(Fault):
        assert set(levels(*texts)) <= {GOOD, UNCERTAIN, BAD}
