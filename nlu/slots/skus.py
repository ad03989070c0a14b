"""Skus: the shop's own codes where its catalogue was given, else what follows 货号 or "item number"; and product names
of the catalogue in running text, as written or as heard (骨船导耳机)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.slots.types import Candidate, SlotContext, candidate

_CODE = re.compile(r"(?<![a-z0-9])[a-z]{1,5}(?:[ -]?[a-z])?[ -]?\d(?:[ -]?\d){1,7}(?:-[a-z0-9]{1,4})?(?![a-z0-9])")
_SAID = re.compile(
    r"(?:货号|款号|商品编?号|产品编?号|编码|型号|sku|item (?:number|no\.?|code)|product (?:number|code)|"
    r"model(?: number)?)"
    r"(?:是|为|[:：, ]| is)*(?P<code>[a-z]{1,6}[ -]?[a-z0-9-]*\d[a-z0-9-]*)(?![a-z0-9])"
)


def read(context: SlotContext) -> Iterator[Candidate]:
    """Codes, and names of the catalogue."""
    catalogue = context.config.catalogue
    for match in _SAID.finditer(context.text):
        code = re.sub(r"\s", "", match["code"]).upper()
        known = catalogue.sku(code) if catalogue else None
        value, confidence = (known, 0.98) if known else (code, 0.8)
        yield candidate(context.source, match.span("code"), "sku", value, confidence, "sku: said after 货号/sku")
    if catalogue is None:
        return
    for match in _CODE.finditer(context.text):
        known = catalogue.sku(match.group())
        if known:
            yield candidate(context.source, match.span(), "sku", known, 0.97, "sku: in the catalogue")
    found = catalogue.spot(context.text)
    if not found and (overheard := catalogue.overheard(context.text)):
        yield candidate(
            context.source, (overheard.start, overheard.end), "product", overheard.name, 0.64,
            "product: sounds like one of the catalogue", candidates=catalogue.search(overheard.name),
        )  # fmt: skip
    for spotted in found:
        how = "heard" if spotted.by_sound else "written"
        confidence = 0.74 if spotted.by_sound else 0.8
        value = spotted.name if spotted.by_sound else context.source.text[spotted.start : spotted.end]
        yield candidate(
            context.source, (spotted.start, spotted.end), "product", value, confidence,
            f"product: in the catalogue, as {how}", candidates=catalogue.search(spotted.name),
        )  # fmt: skip
