"""The prompt cache: hits, keys, bound, damage, and that nothing is written that was not asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from speech.errors import TtsFailed
from speech.speak import SpokenRequest
from speech.tts.cache import PromptCache, VoiceKey
from tests.fakes_tts import FakeTts

KEY = VoiceKey("fake", "", 1.0)
GREETING = SpokenRequest("您好！我是客服，工号1024。", "zh")


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_warmed_prompts_come_back_as_they_were(tmp_path: Path) -> None:
    tts, cache = FakeTts(), PromptCache(KEY, tmp_path)
    assert await cache.find("您好！", "zh") is None
    assert await cache.warm([GREETING], tts) == 2
    assert await cache.find("您好！", "zh") == [frame async for frame in FakeTts().synthesize("您好！", "zh")]
    assert await cache.warm([GREETING], tts) == 0
    assert len(tts.events) == 4
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"key": VoiceKey("other", "", 1.0)},
        {"key": VoiceKey("fake", "v", 1.0)},
        {"key": VoiceKey("fake", "", 1.2)},
        {"key": KEY, "version": 99},
    ],
)
async def test_another_voice_speed_or_version_is_another_prompt(tmp_path: Path, other: dict[str, object]) -> None:
    await PromptCache(KEY, tmp_path).warm([GREETING], FakeTts())
    assert await PromptCache(**{"folder": tmp_path, **other}).find("您好！", "zh") is None  # type: ignore[arg-type]
    assert await PromptCache(KEY, tmp_path).find("您好！", "en") is None


async def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    one_file = 44 + 3 * 2 * 320
    cache = PromptCache(KEY, tmp_path, max_bytes=2 * one_file)
    for age, text in enumerate(["甲甲。", "乙乙。"]):
        await cache.warm([SpokenRequest(text, "zh")], FakeTts())
        newest = max(files(tmp_path), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, ns=(age, age))
    assert await cache.find("甲甲。", "zh")  # used again, now the newest
    await cache.warm([SpokenRequest("丙丙。", "zh")], FakeTts())
    kept = [text for text in ("甲甲。", "乙乙。", "丙丙。") if await cache.find(text, "zh")]
    assert kept == ["甲甲。", "丙丙。"]
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 2 * one_file


@pytest.mark.parametrize("damage", [b"", b"RIFF", b"not audio at all, but long enough for a header........."])
async def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes) -> None:
    cache = PromptCache(KEY, tmp_path)
    await cache.warm([SpokenRequest("您好！", "zh")], FakeTts())
    (path,) = files(tmp_path)
    path.write_bytes(damage or path.read_bytes()[:100])
    assert await cache.find("您好！", "zh") is None
    assert await cache.warm([SpokenRequest("您好！", "zh")], FakeTts()) == 1
    assert await cache.find("您好！", "zh")


async def test_a_failing_voice_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TtsFailed):
        await PromptCache(KEY, tmp_path).warm([SpokenRequest("您好！", "zh")], FakeTts(fail={"您好！": [2]}))
    assert files(tmp_path) == []
