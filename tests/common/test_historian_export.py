"""The words that say how an export is laid out: what a template matches, and what is refused before a file is read."""

import pytest

from common.historian.export import Export


def test_templates():
    def parts(template: str, tag: str):
        found = Export.of("long", {"template": template}, None).match(tag)
        return found and (found.get("machine"), found["channel"])

    assert parts("{machine}.{channel}", "P1.Motor.Speed") == ("P1", "Motor.Speed")
    assert parts("PLANT/{machine}/{channel}", "PLANT/P 1/vib") == ("P 1", "vib")
    assert parts("{site}:{machine}_{channel}[mm/s]", "N:P1_vib[mm/s]") == ("P1", "vib")
    assert parts("{channel}@{machine}", "vib@P1") == ("P1", "vib")
    assert parts("{machine}.{channel}", "P1vib") is None
    assert parts("PLANT/{machine}/{channel}", "plant/P1/vib") is None
    assert parts("(.*){machine}.{channel}", "(.*)P1.vib") == ("P1", "vib")  # no pattern language


SETTINGS = {
    "layout=tall is not known: wide or long or sparkplug": ("tall", {}, {}),
    "tags.steps is not known: tags has template, step": ("long", {"steps": 1}, {}),
    "quality.colum is not known": ("long", {}, {"colum": "q"}),
    "must hold {channel} once": ("long", {"template": "{machine}"}, {}),
    "something must stand between {machine}": ("long", {"template": "{machine}{channel}"}, {}),
    "tags.step=-1h is not a length of time": ("long", {"step": "-1h"}, {}),
    "tags.step=often is not a length of time": ("long", {"step": "often"}, {}),
    "tags.step=0 is not": ("long", {"step": 0}, {}),
    "tags.hold=nan is not": ("long", {"step": 1, "hold": float("nan")}, {}),
    "tags.hold needs a tags.step": ("long", {"hold": "1h"}, {}),
    "must hold {machine} in layout=wide": ("wide", {"template": "{channel}"}, {}),
    "tags.step and tags.hold need a tags.template": ("wide", {"step": "1h"}, {}),
    "tags.take=first is not known": ("long", {"take": "first"}, {}),
    "quality.codes=opc is not known: ua or da": ("long", {}, {"codes": "opc"}),
    "quality.uncertain=maybe": ("long", {}, {"uncertain": "maybe"}),
    "quality.words.poor is not known": ("long", {}, {"words": {"poor": "x"}}),
    "one column in layout=long": ("long", {}, {"column": "{channel}_q"}),
    "tags is [1], not settings": ("long", [1], {}),
}


@pytest.mark.parametrize("words", SETTINGS)
def test_a_mistake_in_the_settings(words):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Export.of(*SETTINGS[words])
    assert words in str(error.value)
