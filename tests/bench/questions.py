"""The questions that the voice benchmarks ask, and where each of them truly ends.

They are spoken once by our own voice and kept in build/bench/questions: ``<text>.wav`` (16 kHz) and ``<text>.json``
with the label, ``end_ms``: the end of the last audible sample of the clean rendering (``tests.bench.audible`` says
what is audible). No VAD has a part in it. Recordings of people, where a folder with a ``manifest.jsonl`` is given,
are labelled by energy (``audible.energy_end_ms``), because a room is never below the fixed level.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from gateway.config import Settings
from gateway.engines import load_tts
from speech.audio import float_from_pcm, pcm_from_float, read_audio, read_wav, resample, write_wav
from speech.speak import SpokenRequest, speak
from speech.types import LISTEN_RATE_HZ, Samples, TtsEngine
from tests.bench.audible import AUDIBLE_DBFS, energy_end_ms, last_audible_ms

CALLS = (
    ("我的订单什么时候到", "运费怎么算", "我想退货"),
    ("帮我查一下快递到哪里了", "积分怎么用", "我要取消订单"),
    ("你好请问在吗", "我的包裹怎么还没有发货", "我想修改收货地址"),
    ("你们支持七天无理由退货吗", "退款什么时候到账", "可以开发票吗"),
    ("这个产品保修多久", "物流信息好几天没有更新了", "我要投诉你们的快递"),
    ("帮我推荐一个吹风机", "可以货到付款吗", "我想换一个尺码"),
    ("会员有什么好处", "收到的东西是坏的怎么办"),
    ("这个还有货吗", "谢谢你再见"),
    ("有什么优惠活动吗", "怎么联系人工客服"),
)
"""What one customer asks in one call, in this order. What makes Kefu ask back, hand over or say goodbye comes last: the
benchmark has no answer to give, and a question in its place would be taken for one."""

QUESTIONS = tuple(text for call in CALLS for text in call)


@dataclass(frozen=True, slots=True)
class Question:
    """One question as the customer says it."""

    text: str
    samples: Samples
    """16 kHz."""
    end_ms: float
    """The true end of speech in ``samples``."""

    @property
    def pcm(self) -> bytes:
        """s16le."""
        return pcm_from_float(self.samples)


async def spoken_questions(folder: Path, texts: tuple[str, ...] = QUESTIONS) -> dict[str, Question]:
    """The questions by their text, spoken and labelled where they are not yet."""
    missing = _missing(folder, texts)
    if missing:
        tts = await asyncio.to_thread(load_tts, Settings())
        for text in missing:
            await _render(text, folder, tts)
        await tts.close()
    return {text: _read(text, folder) for text in texts}


def _missing(folder: Path, texts: tuple[str, ...]) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return [t for t in texts if not (folder / f"{t}.wav").is_file() or not (folder / f"{t}.json").is_file()]


async def _render(text: str, folder: Path, tts: TtsEngine) -> None:
    pcm = b"".join([frame.audio.pcm async for frame in speak(_one(text), tts)])
    samples = resample(float_from_pcm(pcm), tts.capabilities.rate_hz, LISTEN_RATE_HZ)
    end_ms = last_audible_ms(samples, LISTEN_RATE_HZ)
    if end_ms is None:
        raise RuntimeError(f"the voice said nothing audible for {text}")
    write_wav(folder / f"{text}.wav", samples, LISTEN_RATE_HZ)
    label = {
        "text": text,
        "language": "zh",
        "end_ms": round(end_ms, 1),
        "audible_dbfs": AUDIBLE_DBFS,
        "by": "rendering",
    }
    (folder / f"{text}.json").write_text(json.dumps(label, ensure_ascii=False), "utf-8")


def _read(text: str, folder: Path) -> Question:
    label = json.loads((folder / f"{text}.json").read_text("utf-8"))
    return Question(text, read_wav(folder / f"{text}.wav")[0], float(label["end_ms"]))


async def _one(text: str) -> AsyncIterator[SpokenRequest]:
    yield SpokenRequest(text, "zh")


def recorded_questions(folder: Path, longest_s: float = 6.0) -> list[Question]:
    """Short recordings of people from ``folder/manifest.jsonl`` (``file`` relative to the folder or its parent)."""
    found = []
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if not entry["text"] or entry["seconds"] > longest_s or entry.get("digits"):
            continue
        path = next(base / entry["file"] for base in (folder, folder.parent) if (base / entry["file"]).is_file())
        samples, rate_hz = read_audio(path)
        samples = resample(samples, rate_hz, LISTEN_RATE_HZ)
        if (end_ms := energy_end_ms(samples, LISTEN_RATE_HZ)) is not None:
            found.append(Question(entry["text"], samples, end_ms))
    return found
