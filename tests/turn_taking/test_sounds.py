"""What the microphone of the suite picks up, scripted and recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from speech.audio import write_wav
from speech.types import LISTEN_RATE_HZ
from tests.turn_taking.audio import RecordedSounds
from tests.turn_taking.frames import ScriptedSounds
from tests.turn_taking.noises import LEVEL_DB, Noises
from tests.turn_taking.recordings import recorded_scenes
from tests.turn_taking.scenes import Item
from tests.turn_taking.scripted import Alphabet, ScriptedAsr, ScriptedTts, ScriptedVadStream
from tests.turn_taking.selection import chosen
from tests.turn_taking.voices import Voices, at_level
from tests.turn_taking.words import plain

PER_MS = LISTEN_RATE_HZ // 1000


@pytest.fixture
def sounds() -> ScriptedSounds:
    return ScriptedSounds(Alphabet(), ScriptedTts())


async def test_the_recogniser_returns_the_words_of_what_it_is_given(sounds: ScriptedSounds) -> None:
    rendered = sounds.render(Item("start", 0, ("我要退货", 500.0, "因为太小")), "zh")
    asr = ScriptedAsr(sounds.alphabet, decode_s=0)
    assert (await asr.transcribe(rendered.samples)).text == "我要退货因为太小"
    first_ms = rendered.speech[0][1]
    assert (await asr.transcribe(rendered.samples[: int(first_ms * PER_MS)])).text == "我要退货"
    assert (await asr.transcribe(rendered.samples[150 * PER_MS :])).text == "要退货因为太小"


def test_speech_is_as_loud_as_its_style(sounds: ScriptedSounds) -> None:
    levels = {}
    for style in ("near", "soft", "far"):
        samples = sounds.render(Item("start", 0, ("好的",), style=style), "zh").samples
        levels[style] = 20 * np.log10(np.sqrt(np.mean(samples**2)))
    assert levels == pytest.approx({"near": -22, "soft": -30, "far": -42}, abs=1)


def test_voice_activity_lags_behind_the_onset(sounds: ScriptedSounds) -> None:
    samples = sounds.render(Item("start", 0, ("停",)), "zh").samples
    found = ScriptedVadStream(sounds.alphabet).push(np.concatenate([np.zeros(512, np.float32), samples]))
    assert found[0] < 0.1
    assert found[1] < 0.5
    assert max(found) > 0.9


def test_an_echo_holds_the_bots_words(sounds: ScriptedSounds) -> None:
    pcm = sounds.mouth.render("您的订单", "zh")
    heard = sounds.alphabet.read(sounds.echo(pcm, -20))
    assert plain(heard) == "您的订单"


def test_a_noise_holds_no_words(sounds: ScriptedSounds) -> None:
    rendered = sounds.render(Item("start", 0, noise="babble", noise_ms=1500), "zh")
    assert rendered.samples.size == 1500 * PER_MS
    assert sounds.alphabet.read(rendered.samples) == ""


@pytest.mark.parametrize("noise", LEVEL_DB)
def test_every_noise_makes_a_sound_without_recordings(noise: str) -> None:
    noises = Noises(None, lambda: [np.random.default_rng(0).standard_normal(8000).astype(np.float32)])
    samples = noises.of(noise, 400)  # type: ignore[arg-type]
    assert samples.size == 400 * PER_MS
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() > 0.005


def people(folder: Path) -> Path:
    """A folder with one number and one question, made of tones."""
    tone = at_level(np.sin(np.arange(16_000) / 5).astype(np.float32), -20)
    gap = np.zeros(3200, np.float32)
    write_wav(folder / "en_number.wav", np.concatenate([gap, tone, gap, tone, gap]), LISTEN_RATE_HZ)
    write_wav(folder / "en_question.wav", np.concatenate([gap, tone, gap]), LISTEN_RATE_HZ)
    entries = [
        {"file": "en_number.wav", "text": "one two", "digits": "123456", "lang": "en", "seconds": 2.6, "style": ""},
        {"file": "en_question.wav", "text": "where is it", "lang": "en", "seconds": 1.4, "style": "question"},
    ]
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(entry) for entry in entries), "utf-8")
    return folder


def test_recordings_of_people_become_scenes(tmp_path: Path) -> None:
    scenes = recorded_scenes(people(tmp_path))
    assert [scene.kind for scene in scenes] == ["pause_in_number", "barge_in", "question"]
    assert scenes[0].number == "123456"


def test_a_pause_goes_where_a_recording_is_silent(tmp_path: Path) -> None:
    item = recorded_scenes(people(tmp_path))[0].customer[0]
    sounds = RecordedSounds(Voices(tmp_path), Noises(None, list))
    rendered = sounds.render(item, "en")
    assert rendered.speech[0] == pytest.approx((0, 1100), abs=110)
    assert rendered.speech[1][0] - rendered.speech[0][1] == 700
    assert rendered.samples.size == round(rendered.speech[1][1] * PER_MS)


def test_a_run_plays_enough_of_each_kind() -> None:
    assert len(chosen(quick=False, everything=False, kinds=(), recordings=None)) >= 80
    quick = chosen(quick=True, everything=False, kinds=(), recordings=None)
    assert len({scene.kind for scene in quick}) == 13
