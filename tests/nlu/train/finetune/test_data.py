"""The split: no paraphrase on two sides, every label on each, the same for the same seed."""

from __future__ import annotations

from nlu.train.data import Example
from nlu.train.finetune.data import groups, split

NAMES = ("refund", "where")
_THINGS = ("coat", "lamp", "phone", "kettle", "jacket", "sofa", "mirror", "pencil", "bottle", "carpet")
_WHERE = ("where is the {}", "has my {} left already", "{} still not here", "tell me when a {} comes")
_REFUND = ("money back for the {}", "i want a refund of one {}", "when do you repay me the {}", "{} refund please")


def examples() -> list[Example]:
    return [
        Example(form.format(thing), name, "en", f"{name}.txt:1")
        for name, forms in (("refund", _REFUND), ("where", _WHERE))
        for form in forms
        for thing in _THINGS
    ]


def test_texts_that_differ_by_digits_or_little_else_are_one_group() -> None:
    texts = ("where is order 123456", "Where is order 98?", "please where is order 98", "money back", "钱退给我")
    found = groups([Example(text, "where", "en", "x") for text in texts])
    assert found[0] == found[1] == found[2]
    assert len({found[0], found[3], found[4]}) == 3


def test_the_same_words_under_two_labels_are_two_groups() -> None:
    found = groups([Example("where is it", "where", "en", "x"), Example("where is it", "refund", "en", "y")])
    assert found[0] != found[1]


def test_no_group_is_on_two_sides_and_nothing_is_lost() -> None:
    everything = examples()
    found = split(everything, NAMES, seed=3)
    group_of = dict(zip((example.text for example in everything), groups(everything), strict=True))
    parts = (found.train, found.development, found.test)
    sides = [{group_of[example.text] for example in side.examples} for side in parts]
    assert all(sides)
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    assert sorted(example.text for side in parts for example in side.examples) == sorted(group_of)


def test_the_seed_decides() -> None:
    assert split(examples(), NAMES, 3).test.examples == split(examples(), NAMES, 3).test.examples
    assert split(examples(), NAMES, 3).test.examples != split(examples(), NAMES, 4).test.examples


def test_a_limit_is_even_over_labels() -> None:
    few = split(examples(), NAMES, 3, limit=12)
    assert [int((few.train.labels == label).sum()) for label in (0, 1)] == [6, 6]
    assert len(few.test.labels) == len(few.development.labels) == 4
