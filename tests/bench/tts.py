"""Speed and intelligibility of the voices: ``python -m tests.bench.tts [fast kokoro] [--out build/bench-tts.json]``.

Real-time factor and time to first audio are medians of five on this machine, one thread. Intelligibility is the error
of the product's own recogniser on 20 sentences a language, as synthesised (16 kHz) and through a telephone (300-3400
Hz, 8 kHz, 8-bit mu-law); the recogniser's own errors are part of it. ``pinyin`` ignores tones and homophones.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soxr
from pypinyin import lazy_pinyin

from inference_server.weights import ensure
from speech.asr import AsrOptions, load_asr
from speech.asr import required_weights as required_asr_weights
from speech.spoken_text import spoken
from speech.tts import TtsOptions, load_tts, required_weights
from speech.types import BatchAsr, Language, Samples, TtsEngine
from tests.bench.asr import characters, distance, words

_RUNS = 5
_TIMED: dict[str, tuple[str, Language]] = {
    "zh short (12)": ("您好，请问有什么可以帮您？", "zh"),
    "zh long (50)": (
        "很抱歉给您带来不便，您的退款申请已经通过审核，款项将在三个工作日之内原路退回，请您留意银行短信通知。",
        "zh",
    ),
    "zh order (28)": ("您的订单89070650已经发货，预计明天下午送到。", "zh"),
    "en order (18)": ("Your order 89070650 has been shipped and will arrive tomorrow afternoon.", "en"),
    "en short (5)": ("How can I help you?", "en"),
    "en long (27)": (
        "Sorry for the inconvenience, your refund has been approved, and the money will be back on your card "
        "within three working days, please check your bank messages.",
        "en",
    ),
}
_SENTENCES: dict[Language, tuple[str, ...]] = {
    "zh": (
        "您好，请问有什么可以帮您？", "您的订单已经发货，预计明天下午送达。", "请提供一下您的订单号。",
        "您的订单号是20261122083012，对吗？", "退款将在3个工作日内原路退回。", "这件商品支持七天无理由退货。",
        "一共¥1,299.00，已经使用优惠券。", "您的包裹目前在杭州转运中心。", "非常抱歉给您带来不便。",
        "我帮您转接人工客服，请稍等。", "收货地址已经修改成功。", "这款手机有黑色和白色两种颜色。",
        "您的退货申请已经通过审核。", "请问您要换货还是退款？", "快递员会在18:30之前上门取件。",
        "满300减50，今天晚上结束。", "发票已经发送到您的邮箱。", "电池容量是5000毫安时，支持快充。",
        "请您核对一下收件人和手机号。", "感谢您的耐心等待，祝您购物愉快！",
    ),
    "en": (
        "Hello, how can I help you today?", "Your order has been shipped and will arrive tomorrow.",
        "Please tell me your order number.", "Your order number is 20261122, is that right?",
        "The refund will be returned within 3 business days.", "This item can be returned within seven days.",
        "The total is $1,299.00.", "Your parcel is at the sorting center.", "I am very sorry for the inconvenience.",
        "I will transfer you to an agent, please hold on.", "The shipping address has been changed.",
        "This phone comes in black and white.", "Your return request has been approved.",
        "Would you like an exchange or a refund?", "The courier will pick it up before 6:30 PM.",
        "The sale ends tonight at midnight.", "The invoice was sent to your email.",
        "The battery lasts about ten hours.", "Please check the name and the phone number.",
        "Thank you for your patience.",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians of five."""

    rtf: float
    cpu_rtf: float
    """Processor seconds a second of audio: what other work on the machine does not change."""
    first_audio_ms: float
    audio_s: float


@dataclass(frozen=True, slots=True)
class Errors:
    """Shares of wrong units: characters (zh) or words (en), and toneless syllables (zh)."""

    clean: float
    telephone: float
    pinyin_clean: float | None
    pinyin_telephone: float | None


async def spoken_samples(engine: TtsEngine, text: str, language: Language) -> tuple[Samples, float, float, float]:
    """Samples at the engine's rate, seconds to the first frame, seconds to the last, processor seconds."""
    began, began_cpu = time.perf_counter(), time.process_time()
    first = 0.0
    pcm = bytearray()
    async for frame in engine.synthesize(spoken(text, language), language):
        first = first or time.perf_counter() - began
        pcm += frame.pcm
    samples = np.frombuffer(bytes(pcm), "<i2").astype(np.float32) / np.float32(32768)
    return samples, first, time.perf_counter() - began, time.process_time() - began_cpu


async def speed(engine: TtsEngine, text: str, language: Language) -> Speed:
    """Medians of five, after one unmeasured run."""
    runs = [await spoken_samples(engine, text, language) for _ in range(_RUNS + 1)][1:]
    rate_hz = engine.capabilities.rate_hz
    return Speed(
        rtf=round(statistics.median(total / (len(samples) / rate_hz) for samples, _, total, _ in runs), 3),
        cpu_rtf=round(statistics.median(cpu / (len(samples) / rate_hz) for samples, _, _, cpu in runs), 3),
        first_audio_ms=round(statistics.median(first for _, first, _, _ in runs) * 1000),
        audio_s=round(statistics.median(len(samples) for samples, _, _, _ in runs) / rate_hz, 1),
    )


def telephone(samples: Samples) -> Samples:
    """16 kHz through 300-3400 Hz, 8 kHz and 8-bit mu-law (ITU-T G.711) and back to 16 kHz."""
    spectrum = np.fft.rfft(soxr.resample(samples, 16_000, 8000))
    hertz = np.fft.rfftfreq(2 * len(spectrum) - 1, 1 / 8000)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    narrow = np.fft.irfft(spectrum)
    narrow = narrow / (np.max(np.abs(narrow)) + 1e-9) * 0.7
    coded = np.round((np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log1p(255) + 1) / 2 * 255) / 255 * 2 - 1
    decoded = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(255)) / 255
    return np.asarray(soxr.resample(decoded, 8000, 16_000), np.float32)


async def errors(engine: TtsEngine, asr: BatchAsr, language: Language) -> Errors:
    """Recognise the 20 sentences, clean and through the telephone."""
    wrong = dict.fromkeys(("clean", "telephone", "pinyin_clean", "pinyin_telephone"), 0)
    units = syllables = 0
    for sentence in _SENTENCES[language]:
        samples, _, _, _ = await spoken_samples(engine, sentence, language)
        wide: Samples = soxr.resample(samples, engine.capabilities.rate_hz, 16_000)
        reference = _units(spoken(sentence, language), language)
        units += len(reference)
        syllables += len(lazy_pinyin("".join(reference))) if language == "zh" else 0
        for band, heard in (("clean", wide), ("telephone", telephone(wide))):
            got = _units((await asr.transcribe(heard, language=language)).text, language)
            wrong[band] += distance(reference, got)
            if language == "zh":
                wrong[f"pinyin_{band}"] += distance(lazy_pinyin("".join(reference)), lazy_pinyin("".join(got)))
    share = {name: round(count / (syllables if "pinyin" in name else units), 3) if units else 0.0
             for name, count in wrong.items() if syllables or "pinyin" not in name}  # fmt: skip
    return Errors(share["clean"], share["telephone"], share.get("pinyin_clean"), share.get("pinyin_telephone"))


def _units(text: str, language: Language) -> list[str]:
    if language == "en":
        return words(text)
    return characters(text.translate(str.maketrans("两幺〇", "二一零")))


async def measure(voice: str, asr: BatchAsr) -> dict[str, object]:
    """Everything about one voice, printed as it comes."""
    options = TtsOptions(voice=voice)
    for weights in required_weights(options):
        ensure(weights, progress=print)
    began = time.perf_counter()
    engine = load_tts(options)
    found: dict[str, object] = {"load_s": round(time.perf_counter() - began, 2)}
    for name, (text, language) in _TIMED.items():
        timed = await speed(engine, text, language)
        found[name] = asdict(timed)
        pace = f"RTF {timed.rtf:.3f} (cpu {timed.cpu_rtf:.3f})"
        print(f"{voice:8} {name:14} {pace}  first audio {timed.first_audio_ms:.0f} ms  {timed.audio_s} s")
    languages: tuple[Language, ...] = ("zh", "en")
    for language in languages:
        heard = await errors(engine, asr, language)
        found[f"{language} errors"] = asdict(heard)
        print(f"{voice:8} {language} errors {asdict(heard)}")
    await engine.close()
    return found


async def main(voices: list[str], out: Path) -> None:
    """Measure the voices one after the other and write the JSON."""
    for weights in required_asr_weights(AsrOptions()):
        ensure(weights, progress=print)
    asr = load_asr(AsrOptions())
    found = {voice: await measure(voice, asr) for voice in voices}
    await asr.close()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False), "utf-8")  # noqa: ASYNC240


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tts", description=__doc__)
    parser.add_argument("voices", nargs="*", default=["fast", "kokoro"])
    parser.add_argument("--out", type=Path, default=Path("build/bench-tts.json"))
    given = parser.parse_args()
    asyncio.run(main(given.voices or ["fast", "kokoro"], given.out))
