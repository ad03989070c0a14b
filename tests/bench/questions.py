"""The questions that the voice benchmark asks, spoken once by our own voice and kept in build/bench/questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from gateway.config import Settings
from gateway.engines import load_tts
from speech.audio import float_from_pcm, read_wav, resample, write_wav
from speech.speak import SpokenRequest, speak
from speech.types import LISTEN_RATE_HZ, Samples

QUESTIONS = (
    "我的订单什么时候到",
    "帮我查一下快递到哪里了",
    "我的包裹怎么还没有发货",
    "我想退货",
    "我要取消订单",
    "退款什么时候到账",
    "运费怎么算",
    "可以开发票吗",
    "你们支持七天无理由退货吗",
    "怎么联系人工客服",
    "我想换一个尺码",
    "有什么优惠活动吗",
    "这个产品保修多久",
    "我想修改收货地址",
    "帮我推荐一个吹风机",
    "这个还有货吗",
    "会员有什么好处",
    "收到的东西是坏的怎么办",
    "你好请问在吗",
    "谢谢你再见",
    "可以货到付款吗",
    "我要投诉你们的快递",
    "物流信息好几天没有更新了",
    "积分怎么用",
)


async def spoken_questions(folder: Path) -> list[tuple[str, Samples]]:
    """Each question with its recording at 16 kHz."""
    if missing := _missing(folder):
        tts = await asyncio.to_thread(load_tts, Settings())
        for text in missing:
            pcm = b"".join([frame.audio.pcm async for frame in speak(_one(text), tts)])
            samples = resample(float_from_pcm(pcm), tts.capabilities.rate_hz, LISTEN_RATE_HZ)
            write_wav(folder / f"{text}.wav", samples, LISTEN_RATE_HZ)
        await tts.close()
    return [(text, read_wav(folder / f"{text}.wav")[0]) for text in QUESTIONS]


def _missing(folder: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return [text for text in QUESTIONS if not (folder / f"{text}.wav").exists()]


async def _one(text: str) -> AsyncIterator[SpokenRequest]:
    yield SpokenRequest(text, "zh")
