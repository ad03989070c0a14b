"""Colours and sizes: 白色的, 浅蓝, navy blue; M码, 加大, 均码, 42码, EU 42, US 9.5, 170/92A, 一米八的床单 is none.

A colour's value is its Chinese name with light or deep in front (浅蓝色), whatever language it was said in, so that it
compares with a Chinese catalogue. A size's value is its code (XL, 42, 9.5, 均码), its ``kind`` the scale: clothes, eu,
us, uk, cn (millimetres or height). Words in attributes.yaml. A colour inside a product's name belongs to the product.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from nlu.slots.types import Candidate, SlotContext, candidate

_WORDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("attributes.yaml").read_text("utf-8"))


def _by_word(table: dict[str, str], apart: str | None = None) -> dict[str, str]:
    return {word: value for value, words in table.items() for word in str(words).split(apart)}


def _any_of(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


COLOUR_WORDS = frozenset(word for words in _WORDS["colours"].values() for word in words.split())
"""Chinese colour names; alone they are no product."""
_COLOURS, _COLOURS_EN = _by_word(_WORDS["colours"]), _by_word(_WORDS["colours_en"])
_SIZES, _SIZES_EN = _by_word(_WORDS["sizes"]), _by_word(_WORDS["sizes_en"], "|")
_COLOUR = re.compile(
    rf"(?P<shade>[浅淡深暗亮]|偏)?(?P<colour>{_any_of(_COLOURS)}|[红橙黄绿蓝紫粉黑白灰棕](?=那?[款件双个条](?!月)))"
)
_COLOUR_EN = re.compile(
    rf"(?<![a-z])(?:(?P<shade>light|pale|dark|deep|bright) )?(?P<colour>{_any_of(_COLOURS_EN)})(?: blue)?(?![a-z])"
)
_SHADES = {"light": "浅", "pale": "浅", "淡": "浅", "浅": "浅", "dark": "深", "deep": "深", "深": "深", "暗": "深"}
_NOT_COLOUR = re.compile(r"(?<=[明坦表空清独苍])白的|花的(?:钱|时间|是)|白的(?:吗|跑)|黑的店|红的包|黄的吗")

_LETTER = "|".join(sorted((word for word in _SIZES if word.isascii()), key=len, reverse=True))
_CLOTHES = re.compile(
    rf"(?<![a-z\d])(?P<letter>{_LETTER})(?:(?= ?(?:码|号|尺码))|(?![a-z\d]))(?: ?(?:码|号))?"
    rf"|(?<!多)(?P<word>{'|'.join(sorted((word for word in _SIZES if not word.isascii()), key=len, reverse=True))})"
)
_CLOTHES_EN = re.compile(rf"(?<![a-z])(?:size )?(?P<word>{_any_of(_SIZES_EN)})(?: size)?(?![a-z])")
_SIZE_AROUND = re.compile(
    r"(?:码|号|尺码|尺寸|穿|换|要|拍|买|size|wear|in|an?|for|to|成|是|[,，/或和]|or)[ :]*(?:an? )?$"
)
_SHOES = re.compile(
    r"(?<![\d.])(?P<number>(?:3[3-9]|4[0-8])(?:\.5)?|(?:2[1-9]\d)(?=码)) ?(?:码半|码|号半|号(?=的?(?:鞋|脚|$|"
    r"[ ,，.。吧]))|yards?)"
)
_SCALE = re.compile(
    r"(?<![a-z])(?P<scale>eu|eur|us|uk|欧码|美码|英码|fr)[ .:]?(?:size |mens |men's |"
    r"women's )?(?P<number>\d{1,2}(?:\.5)?)(?![\d.])"
    r"|(?<![a-z])(?P<after>\d{1,2}(?:\.5)?) ?(?P<scale_after>eu|us|uk)(?![a-z])"
)
_SIZE_NUMBER = re.compile(r"(?<![a-z])(?:size|shoe size|尺码|鞋码)(?:是| is|[ :])*(?P<number>\d{1,2}(?:\.5)?)(?![\d.])")
_HEIGHT = re.compile(r"(?<!\d)(?P<number>1[4-9][05])(?:/\d{2,3}[abcy]?)(?!\d)|(?<!\d)(?P<cm>1[4-9][05])(?= ?码)")
_SCALES = {"eu": "eu", "eur": "eu", "欧码": "eu", "fr": "eu", "us": "us", "美码": "us", "uk": "uk", "英码": "uk"}


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every colour and size of the message."""
    yield from _colours(context)
    yield from _clothes(context)
    yield from _numbered(context)


def _colours(context: SlotContext) -> Iterator[Candidate]:
    asked = 0.2 if context.expectation.slot == "colour" else 0.0
    for match in _COLOUR.finditer(context.text):
        if _NOT_COLOUR.match(context.text, match.start("colour")):
            continue
        word = match["colour"]
        value = _colour(_COLOURS.get(word, f"{word}色"), word, match["shade"])
        yield candidate(context.source, match.span(), "colour", value, 0.5 + asked, "colour: a colour's name")
    for match in _COLOUR_EN.finditer(context.text):
        shade = _SHADES.get(match["shade"] or "", "")
        value = shade + _COLOURS_EN[match["colour"]]
        if match["colour"] in ("clear", "orange", "cream", "gold", "tan") and not asked:
            continue  # oftener a verb, a fruit, a food
        yield candidate(context.source, match.span(), "colour", value, 0.48 + asked, "colour: a colour's name")


def _colour(family: str, word: str, shade: str | None) -> str:
    """A name of its own stays (藏青色, 樱花粉); 浅 and 深 go in front; 黑的 is 黑色."""
    if shade in _SHADES:
        return _SHADES[shade] + family
    plain = word.removesuffix("的")
    if len(plain) == 1 or plain == family:
        return family
    return plain if plain.endswith("色") or len(plain) > 2 else f"{plain}色"


def _clothes(context: SlotContext) -> Iterator[Candidate]:
    text = context.text
    asked = context.expectation.slot == "size"
    for match in _CLOTHES.finditer(text):
        if match["letter"]:
            marked = re.search("[码号]$", match.group()) or len(match["letter"]) > 1
            if not (marked or asked or _SIZE_AROUND.search(text[max(0, match.start() - 8) : match.start()])):
                continue
            if context.language == "en" and match["letter"] in ("s", "m", "l") and not (asked or "size" in text):
                continue
            value = _SIZES[match["letter"]]
        else:
            value = _SIZES[match["word"]]
            if match["word"] in ("加大", "小号", "大号") and text[match.end() : match.end() + 1] in ("力", "码"):
                continue
        yield candidate(context.source, match.span(), "size", value, 0.75, "size: clothes", kind="clothes")
    for match in _CLOTHES_EN.finditer(text) if context.language == "en" else ():
        before, after = text[max(0, match.start() - 10) : match.start()], text[match.end() : match.end() + 6]
        if (
            asked
            or "size" in match.group()
            or (re.search(r"(?:size|in|an?|to|wear)(?: an?)? $", before) and not re.match(" [a-z]", after))
        ):
            value = _SIZES_EN[match["word"]]
            yield candidate(context.source, match.span(), "size", value, 0.7, "size: clothes", kind="clothes")


def _numbered(context: SlotContext) -> Iterator[Candidate]:
    text, source = context.text, context.source
    for match in _SHOES.finditer(text):
        half = ".5" if match.group().endswith("半") else ""
        kind = "cn" if len(match["number"]) == 3 else "eu"
        yield candidate(source, match.span(), "size", match["number"] + half, 0.85, "size: shoes", kind=kind)
    for match in _SCALE.finditer(text):
        kind = _SCALES[match["scale"] or match["scale_after"]]
        value = match["number"] or match["after"]
        if 3 <= float(value) <= 60:
            yield candidate(source, match.span(), "size", value, 0.85, "size: its scale was said", kind=kind)
    for match in _SIZE_NUMBER.finditer(text):
        kind = "eu" if float(match["number"]) > 30 else "us" if context.language == "en" else ""
        yield candidate(source, match.span(), "size", match["number"], 0.75, "size: said after 尺码/size", kind=kind)
    for match in _HEIGHT.finditer(text):
        yield candidate(source, match.span(), "size", match["number"] or match["cm"], 0.8, "size: height", kind="cn")
    if context.expectation.slot == "size":
        for match in re.finditer(r"(?<![\d.])(?:3[3-9]|4[0-8])(?:\.5)?(?![\d.])", text):
            yield candidate(source, match.span(), "size", match.group(), 0.8, "size: expected", kind="eu")
