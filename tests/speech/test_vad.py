from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_whisper.utils import get_assets_path

from speech.audio import read_audio, resample
from speech.errors import ModelMissing
from speech.types import Samples
from speech.vad import WINDOW_SAMPLES, SileroStream, SileroVad, hearing
from speech.vad_network import model
from tests.fakes import LoudnessVad
from tests.virtual_time import virtual_time

DATA = Path(__file__).parents[1] / "data" / "audio"


def recording(name: str) -> Samples:
    samples, rate = read_audio(DATA / name)
    return resample(samples, rate, 16000)


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad()


@pytest.mark.parametrize("name", ["en_azure_weather.wav", "en_azure_weather_8k.wav", "zh_azure_season.wav"])
def test_speech_is_heard(vad: SileroVad, name: str) -> None:
    probabilities = vad.stream().push(recording(name))
    assert max(probabilities) > 0.75
    assert 0.25 < np.mean(np.array(probabilities) > 0.5) < 0.95


@pytest.mark.parametrize("kind", ["silence", "noise", "tone"])
def test_no_speech_is_heard_in(vad: SileroVad, kind: str) -> None:
    count = 3 * 16000
    samples = {
        "silence": np.zeros(count),
        "noise": np.random.default_rng(1).standard_normal(count) * 0.1,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * np.arange(count) / 16000),
    }[kind]
    assert max(vad.stream().push(samples.astype(np.float32))) < 0.5


def test_how_a_stream_is_cut_makes_no_difference(vad: SileroVad) -> None:
    samples = recording("zh_azure_season.wav")
    pieces = vad.stream()
    cut = [p for at in range(0, samples.size, 333) for p in pieces.push(samples[at : at + 333])]
    whole = vad.stream().push(samples)
    assert len(whole) == samples.size // WINDOW_SAMPLES
    np.testing.assert_allclose(cut, whole, atol=1e-5)


def test_sessions_share_the_network_but_no_state(vad: SileroVad) -> None:
    samples = recording("en_azure_weather.wav")
    one, other = vad.stream(), vad.stream()
    heard = []
    for at in range(0, samples.size, 320):
        heard += one.push(samples[at : at + 320])
        other.push(np.zeros(320, np.float32))
    np.testing.assert_allclose(heard, vad.stream().push(samples), atol=1e-5)


def long_audio(seconds: int = 120) -> Samples:
    """Speech, silence, noise and tones, loud and quiet."""
    random = np.random.default_rng(2)
    speech = [recording(name) for name in ("zh_azure_season.wav", "en_azure_weather.wav", "zh_uberi_chinese.wav")]
    pieces: list[Samples] = []
    while sum(piece.size for piece in pieces) < seconds * 16000:
        spoken = speech[len(pieces) % 3] * np.float32(10 ** random.uniform(-2, 0.2))
        noise = random.standard_normal(random.integers(1000, 40000)) * 10 ** random.uniform(-5, -1)
        tone = np.sin(np.arange(random.integers(1000, 20000)) * random.uniform(0.01, 2)) * random.uniform(0, 1)
        pieces += [spoken, noise.astype(np.float32), np.zeros(9000, np.float32), tone.astype(np.float32)]
    return np.concatenate(pieces)[: seconds * 16000]


def reference(samples: Samples) -> Samples:
    """What the model as shipped says, all windows of one stream in one run."""
    import onnxruntime

    session: Any = onnxruntime.InferenceSession(Path(get_assets_path()) / "silero_vad_v6.onnx")
    windows = samples[: samples.size // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    before = np.vstack([np.zeros((1, 64), np.float32), windows[:-1, -64:]])
    state = np.zeros((1, 1, 128), np.float32)
    probabilities: Samples = session.run(None, {"input": np.hstack([before, windows]), "h": state, "c": state})[0]
    return probabilities


def test_matrix_products_say_what_the_model_says(vad: SileroVad) -> None:
    samples = long_audio()
    heard = vad.stream().push(samples)
    wanted = reference(samples)
    assert 0.1 < np.mean(wanted > 0.5) < 0.9
    np.testing.assert_allclose(heard, wanted, atol=1e-4)


async def in_frames(stream: SileroStream, samples: Samples, size: int = 320) -> list[float]:
    return [p for at in range(0, samples.size, size) for p in await stream.hear(samples[at : at + size])]


class CountingVad(SileroVad):
    """Notes how many streams ran together."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def infer(self, rows: list[int]) -> list[float]:
        self.batches.append(len(rows))
        return super().infer(rows)


@pytest.mark.parametrize("count", [3, 40, 70])
def test_streams_that_run_together_hear_what_each_hears_alone(count: int) -> None:
    """Few wait for the pass to end, many up to 4 ms, more than fit run in two."""

    @virtual_time
    async def run() -> None:
        vad, samples = CountingVad(), long_audio(60)
        parts = [samples[7000 * i : 7000 * i + 32000] * np.float32(1 - i / 100) for i in range(count)]
        heard = await asyncio.gather(*(in_frames(vad.stream(), part) for part in parts))
        assert sum(vad.batches) == sum(part.size // WINDOW_SAMPLES for part in parts)
        assert max(vad.batches) == min(count, 64)
        for part, probabilities in zip(parts, heard, strict=True):
            np.testing.assert_allclose(probabilities, vad.stream().push(part), atol=1e-5)

    run()


@virtual_time
async def test_few_streams_wait_for_nobody_and_many_at_most_4_ms() -> None:
    loop = asyncio.get_running_loop()
    vad, window = SileroVad(), np.zeros(WINDOW_SAMPLES, np.float32)
    few = [vad.stream() for _ in range(15)]
    await few[0].hear(window)
    assert loop.time() == 0
    many = [*few, vad.stream()]
    await many[0].hear(window)
    assert loop.time() == pytest.approx(0.004)
    del few, many
    await vad.stream().hear(window)
    assert loop.time() == pytest.approx(0.004), "streams that are gone are no company"


@virtual_time
async def test_a_listener_that_leaves_takes_nobody_with_it() -> None:
    vad, window = SileroVad(), recording("en_azure_weather.wav")[16000:16512]
    one, other = vad.stream(), vad.stream()
    leaving = asyncio.create_task(one.hear(window))
    staying = asyncio.create_task(other.hear(window))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == pytest.approx(vad.stream().push(window), abs=1e-5)
    assert leaving.cancelled()


@virtual_time
async def test_a_stream_that_follows_another_begins_anew() -> None:
    """Rows are used again, but not while a window of the stream before, which was cut off, still waits."""
    vad, samples = SileroVad(), recording("en_azure_weather.wav")[16000:24000]
    wanted = vad.stream().push(samples)
    for _ in range(3):
        streams = [vad.stream() for _ in range(64)]
        leaving = [asyncio.create_task(stream.hear(samples[:800])) for stream in streams]
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await asyncio.wait(leaving)
        del streams, leaving, task
        following = [vad.stream() for _ in range(64)]
        heard = [asyncio.create_task(in_frames(stream, samples)) for stream in following]
        await asyncio.wait(heard)
        for task in heard:
            assert task.result() == pytest.approx(wanted, abs=1e-5)
        del following, heard, task
    assert len(vad.windows) <= 192, "rows are used again"


class BrokenVad(SileroVad):
    """Its network fails."""

    def infer(self, rows: list[int]) -> list[float]:
        raise RuntimeError("out of memory")


@virtual_time
async def test_a_network_that_fails_tells_everyone_who_waits() -> None:
    vad, window = BrokenVad(), np.zeros(WINDOW_SAMPLES, np.float32)
    results = await asyncio.gather(*(vad.stream().hear(window) for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["out of memory"] * 3


def test_one_network_serves_one_loop_after_another(vad: SileroVad) -> None:
    @virtual_time
    async def left_in_the_middle() -> None:
        many = [vad.stream() for _ in range(20)]
        waiting = asyncio.create_task(many[0].hear(np.zeros(WINDOW_SAMPLES, np.float32)))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    @virtual_time
    async def served() -> None:
        assert len(await vad.stream().hear(np.zeros(WINDOW_SAMPLES, np.float32))) == 1

    left_in_the_middle()
    served()


def test_a_stream_without_hear_is_only_pushed(vad: SileroVad) -> None:
    assert hearing(LoudnessVad()) is None
    assert hearing(vad.stream()) is not None


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x3a\xff\xff\xff\xff\x0f", bytes(1000)])
def test_another_file_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "silero_vad_v6.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelMissing, match="is not the Silero VAD v6"):
        model(path)
