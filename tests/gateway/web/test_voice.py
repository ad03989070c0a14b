"""Microphone and loudspeaker of the page: what arrives, what is played, how fast it stops."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.fakes_gateway import Answer, GatewayDouble, wait_until
from tests.gateway.web import stories
from tests.gateway.web.conftest import RECORDING_RATE_HZ, recording

pytestmark = pytest.mark.browser
LONG = Answer("这句话很长。", sentences=("这句话很长。",), seconds_each=6.0)


def events(page: Page, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("kind => window.playout.filter(e => e.type === kind)", kind)
    return found


def envelope(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """RMS of every 20 ms."""
    step = rate_hz // 50
    frames = samples[: len(samples) // step * step].astype(np.float64).reshape(-1, step)
    return np.sqrt(np.mean(frames**2, axis=1))


def likeness(wanted: np.ndarray, got: np.ndarray) -> float:
    """Cosine of the angle between two envelopes, at the best lag; 1 is the same shape."""
    padded = np.pad(got, len(wanted))
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(wanted))
    lengths = np.maximum(np.linalg.norm(windows, axis=1) * np.linalg.norm(wanted), 1.0)
    return float(np.max(windows @ wanted / lengths))


def test_a_spoken_question_arrives_in_real_time_and_is_answered_aloud(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([stories.WHERE_IS_IT])
    page.click("#talk")  # a tap: one question, closed by its end
    expect(page.locator(".row-you .bubble.live")).to_have_text(gateway.transcript[:4])
    assert page.locator("body").get_attribute("data-phase") == "listening"
    expect(page.locator(".row-you .bubble")).to_have_text(gateway.transcript)
    wait_until(lambda: gateway.sent("mute"))
    wait_until(lambda: events(page, "finished"))

    # 32 ms frames, 16 kHz, at the pace of a clock
    assert {len(data) for _, data in gateway.audio} == {1024}
    (first, _), (last, _) = gateway.audio[20], gateway.audio[-1]
    sent_s = (len(gateway.audio) - 21) * 0.032
    assert sent_s == pytest.approx(last - first, rel=0.08)

    # The recording's own loudness over time, whatever gain the browser chose
    wanted, got = envelope(recording(), RECORDING_RATE_HZ), envelope(gateway.pcm(), 16_000)
    assert likeness(wanted, got) > 0.85
    assert 0.25 < got.max() / wanted.max() < 4

    # The page measured end of speech to first sound: the pause, and little more
    text = page.locator(".hop.sum .hop-ms").last.text_content()
    assert text is not None
    assert 500 <= int("".join(c for c in text if c.isdigit())) < 1200


def test_open_microphone_greets_and_stays_open(page: Page, gateway: GatewayDouble) -> None:
    page.locator("label:has([name=mode][value=open])").click()
    page.click("#talk")
    wait_until(lambda: gateway.sent("start"))
    assert gateway.sent("start")[0]["greet"] is True
    expect(page.locator(".row-kefu .bubble")).to_have_text("好的。", timeout=8000)
    expect(page.locator("#talk")).to_have_attribute("aria-pressed", "true")
    page.click("#talk")
    expect(page.locator("#talk")).to_have_attribute("aria-pressed", "false")
    wait_until(lambda: gateway.sent("mute")[-1:] == [{"type": "mute", "muted": True}])
    count = len(gateway.audio)
    time.sleep(0.2)
    assert len(gateway.audio) == count


def test_the_button_held_with_the_keyboard_talks(page: Page, gateway: GatewayDouble) -> None:
    page.focus("#talk")
    page.keyboard.down("Space")
    expect(page.locator("body")).to_have_attribute("data-phase", "listening")
    wait_until(lambda: len(gateway.audio) > 20)
    assert page.evaluate("Number(getComputedStyle(document.getElementById('talk')).getPropertyValue('--level'))") >= 0
    page.keyboard.up("Space")
    wait_until(lambda: gateway.sent("mute"))
    expect(page.locator("#talk")).to_have_attribute("aria-pressed", "false")


def test_playout_is_reported_while_it_plays_and_at_its_end(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([stories.WHERE_IS_IT])
    page.fill("#message", "到哪了")
    page.press("#message", "Enter")
    wait_until(lambda: events(page, "finished"))
    wait_until(lambda: gateway.sent("played")[-1]["ms"] == 1200)
    reports = [report["ms"] for report in gateway.sent("played")]
    assert reports == sorted(reports)
    assert 5 <= len(reports) <= 8
    started, finished = events(page, "started")[0], events(page, "finished")[0]
    assert finished["atMs"] - started["atMs"] == pytest.approx(1200, abs=60)
    assert finished["level"] > 0.1


def test_clear_silences_the_speaker_within_200_ms(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([LONG])
    page.fill("#message", "说吧")
    page.press("#message", "Enter")
    wait_until(lambda: events(page, "position"))
    told_ms = time.time() * 1000
    gateway.tell({"type": "clear", "turn_id": 1}, *gateway.audio_frames(1, 0, 0.3))
    wait_until(lambda: events(page, "cleared"))
    cleared = events(page, "cleared")[0]
    assert cleared["seenAt"] - told_ms < 200
    wait_until(lambda: events(page, "dropped"))
    expect(page.locator(".interrupted")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-phase", "idle")
    wait_until(lambda: gateway.sent("played")[-1]["ms"] == cleared["ms"])
    time.sleep(0.3)
    assert all(event["seenAt"] <= cleared["seenAt"] for event in events(page, "position"))
    assert cleared["ms"] < 3000


def test_an_answer_goes_on_after_a_false_barge_in(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([LONG])
    page.fill("#message", "说吧")
    page.press("#message", "Enter")
    wait_until(lambda: events(page, "position"))
    again = {"type": "caption", "turn_id": 1, "sentence": 0, "text": "这句话很长。", "start_ms": 0}
    gateway.tell({"type": "clear", "turn_id": 1}, {"type": "audio_start", "turn_id": 1, "rate_hz": 24_000}, again)
    gateway.tell(*gateway.audio_frames(1, 0, 0.4), {"type": "audio_end", "turn_id": 1, "duration_ms": 400})
    wait_until(lambda: events(page, "finished"))
    assert events(page, "finished")[0]["ms"] == 400
    assert len(events(page, "cleared")) == 1
    wait_until(lambda: gateway.sent("played")[-1]["ms"] == 400)
    expect(page.locator(".interrupted")).to_have_count(0)


def test_a_tap_or_escape_interrupts(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([LONG, LONG])
    for turn, stop in enumerate((lambda: page.click("#talk"), lambda: page.keyboard.press("Escape")), start=1):
        page.fill("#message", "说吧")
        page.press("#message", "Enter")
        expect(page.locator("body")).to_have_attribute("data-phase", "speaking")
        wait_until(lambda: events(page, "position"))
        stop()
        wait_until(lambda turn=turn: len(events(page, "cleared")) == turn)
        wait_until(lambda turn=turn: len(gateway.sent("interrupt")) == turn)
        expect(page.locator("#talk")).to_have_attribute("aria-pressed", "false")


def test_audio_of_a_stale_turn_is_never_heard(page: Page, gateway: GatewayDouble) -> None:
    page.fill("#message", "你好")
    page.press("#message", "Enter")
    expect(page.locator(".row-kefu .bubble")).to_be_visible()
    gateway.tell({"type": "audio_start", "turn_id": 7, "rate_hz": 24_000}, *gateway.audio_frames(7, 0, 0.2))
    gateway.tell(*gateway.audio_frames(6, 0, 0.3), *gateway.audio_frames(8, 0, 0.3))
    gateway.tell({"type": "audio_end", "turn_id": 7, "duration_ms": 200})
    wait_until(lambda: events(page, "finished"))
    gateway.tell(*gateway.audio_frames(7, 0, 0.2))
    wait_until(lambda: len(events(page, "dropped")) == 8)
    assert {event["turnId"] for event in events(page, "dropped")} == {6, 7, 8}
    assert [event["ms"] for event in events(page, "finished")] == [200]


def test_the_playback_worklet_itself_falls_silent_in_one_quantum(page: Page) -> None:
    heard = page.evaluate(
        """async () => {
          const context = new OfflineAudioContext(1, 24000, 24000);
          await context.audioWorklet.addModule("/web/playback-worklet.js");
          const node = new AudioWorkletNode(context, "kefu-playback", { numberOfInputs: 0, outputChannelCount: [1] });
          node.connect(context.destination);
          const say = (type, turnId, samples) => node.port.postMessage({ type, turnId, samples });
          const at = (sample, ...words) => context.suspend(sample / 24000).then(async () => {
            for (const word of words) say(...word);
            await new Promise((done) => setTimeout(done, 50)); // messages reach the worklet by their own way
            await context.resume();
          });
          at(128, ["begin", 1], ["audio", 1, new Float32Array(24000).fill(0.5)]);
          at(4096, ["clear", 1], ["audio", 1, new Float32Array(2400).fill(0.5)]);
          const samples = (await context.startRendering()).getChannelData(0);
          return { loud: samples.subarray(1024, 4096).every((s) => s === 0.5),
            fade: Array.from(samples.subarray(4096, 4224)), after: Math.max(...samples.subarray(4224).map(Math.abs)) };
        }"""
    )
    assert heard["loud"]
    assert heard["fade"] == sorted(heard["fade"], reverse=True)
    assert heard["fade"][-1] == 0
    assert heard["after"] == 0


@pytest.mark.parametrize("device_hz", [48_000, 44_100, 8_000])
def test_the_resampler_passes_speech_and_stops_aliases(page: Page, device_hz: int) -> None:
    gains: list[float] = page.evaluate(
        """async (deviceHz) => {
          const { Resampler } = await import("/web/resampler.js");
          return [300, 1000, 3400, 6400, 10000, 20000].map((hz) => {
            const resampler = new Resampler(deviceHz, 16000);
            const out = [];
            for (let at = 0; at < deviceHz; at += 128) {
              const tone = (_, i) => Math.sin((2 * Math.PI * hz * (at + i)) / deviceHz);
              const quantum = Float32Array.from({ length: 128 }, tone);
              out.push(...resampler.process(quantum));
            }
            const steady = out.slice(2000, 14000);
            return 10 * Math.log10((2 * steady.reduce((sum, s) => sum + s * s, 0)) / steady.length + 1e-12);
          });
        }""",
        device_hz,
    )
    assert gains[:3] == pytest.approx([0, 0, 0], abs=0.3)
    if device_hz > 16_000:
        assert gains[3] == pytest.approx(0, abs=0.3)
        assert gains[4] < -60
    if device_hz > 40_000:
        assert gains[5] < -60
