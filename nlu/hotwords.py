"""Words that the recogniser should expect of this caller: names from their own orders first, then from the catalogue.

Pure. They are for finals behind a VAD only: in silence a recogniser writes down what it was told to expect (see
``speech.asr.faster_whisper``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from nlu import phonetics

MOST = 20
_LONGEST = 12
_DECORATION = re.compile(
    r"[(（【\[].*?[)）】\]]|\d+(?:\.\d+)?\s*(?:ml|l|g|kg|w|毫升|升|克|斤|装|片|双|条|件|只|包|盒|袋)|[,，、/|].*$",
    re.IGNORECASE,
)


def hotwords(own: Iterable[str], catalogue: Iterable[str] = (), *, most: int = MOST) -> tuple[str, ...]:
    """At most ``most`` names, the caller's ``own`` products before the ``catalogue`` (best sellers first).

    Names are cut to what is said of them; one that sounds like an earlier one is left out.
    """
    chosen: list[str] = []
    sounds: set[tuple[str, ...]] = set()
    for name in (*own, *catalogue):
        if len(chosen) >= most:
            break
        word = _DECORATION.sub("", name).strip()[:_LONGEST].strip()
        heard = tuple(map(phonetics.fold, phonetics.syllables(word)))
        if len(word) < 2 or not heard or heard in sounds:
            continue
        chosen.append(word)
        sounds.add(heard)
    return tuple(chosen)
