"""npm's @openai/agents-realtime, unchanged, talks to the real gateway, from node (WebSocket) and chromium (WebRTC)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from speech.audio import pcm_from_float, read_wav, resample
from tests.bench.gateway_process import GatewayProcess
from tests.e2e.page import CHROMIUM, with_microphone
from tests.e2e.recordings import Recordings
from tests.fakes_gateway import wait_until

HERE = Path(__file__).parent / "realtime_client"
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's folder with its packages, as locked."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("realtime") / "client"
    shutil.copytree(HERE, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    if installed.returncode:
        pytest.skip(f"npm could not install the client: {installed.stderr[-300:]}")
    return folder


@pytest.fixture(scope="module")
def sounds(recordings: Recordings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the customer says, as the API takes it."""
    folder = tmp_path_factory.mktemp("realtime-sounds")
    made: dict[str, Path] = {}
    for name in ("order", "return"):
        samples, rate_hz = read_wav(recordings.file(name))
        made[name] = folder / f"{name}.pcm"
        made[name].write_bytes(pcm_from_float(resample(samples, rate_hz, 24_000)))
    return made


def secret_of(gateway: GatewayProcess) -> str:
    ask = urllib.request.Request(
        f"{gateway.url}/v1/realtime/client_secrets", data=b"{}", headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(ask, timeout=10) as response:
        return str(json.load(response)["value"])


def call(gateway: GatewayProcess, client: Path, *sounds: Path, tool: str = "") -> dict[str, Any]:
    url = gateway.url.replace("http", "ws", 1) + "/v1/realtime?model=kefu"
    command = ["node", "call.mjs", url, secret_of(gateway), *map(str, sounds)]
    environment = {**os.environ, "KEFU_TOOL": tool}
    done = subprocess.run(
        command, cwd=client, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert result["errors"] == []
    return result


def test_a_question_is_heard_and_answered(gateway: GatewayProcess, client: Path, sounds: dict[str, Path]) -> None:
    result = call(gateway, client, sounds["order"])
    assert "订单" in result["transcripts"][0]
    assert "订单" in "".join(result["answers"])
    assert result["audio_bytes"] > 24_000 * 2
    assert result["interrupted"] == 0


def test_the_answer_is_interrupted(gateway: GatewayProcess, client: Path, sounds: dict[str, Path]) -> None:
    result = call(gateway, client, sounds["order"], sounds["return"])
    assert result["interrupted"] >= 1
    assert "退" in result["transcripts"][-1]
    assert len(result["answers"]) >= 2


def test_its_tool_is_called_and_what_it_returns_is_spoken(
    gateway: GatewayProcess, client: Path, sounds: dict[str, Path]
) -> None:
    result = call(gateway, client, sounds["order"], tool="yes")
    (arguments,) = result["tools"]
    assert "订单" in arguments["question"]
    bridge, told = result["answers"]
    assert bridge == "好的，我查一下。"
    assert told == "包裹在宁波的仓库，星期六送到。"
    assert result["audio_bytes"] > 24_000 * 2 * 2


def test_a_tool_that_throws_is_apologised_for(gateway: GatewayProcess, client: Path, sounds: dict[str, Path]) -> None:
    result = call(gateway, client, sounds["order"], tool="broken")
    assert len(result["tools"]) == 1
    assert "没有查到结果" in result["answers"][-1]
    assert "warehouse" not in "".join(result["answers"])


_IN_THE_BROWSER = """
async ([url, secret]) => {
  const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebRTC, tool } = window.OpenAIAgentsRealtime;
  const seen = window.seen = { kinds: [], answers: [], transcripts: [], tools: [], errors: [], level: 0 };
  const orderStatus = tool({
    name: "order_status", description: "Where an order is.", strict: false,
    parameters: { type: "object", properties: { question: { type: "string" } }, additionalProperties: true },
    execute: async (args) => { seen.tools.push(args); return "包裹在宁波的仓库，星期六送到。"; },
  });
  const audioElement = document.createElement("audio");
  const transport = new OpenAIRealtimeWebRTC({ baseUrl: url + "/v1/realtime/calls", audioElement });
  const agent = new RealtimeAgent({ name: "kefu", instructions: "unused", tools: [orderStatus] });
  const config = { audio: { input: { transcription: { model: "kefu-asr" } } } };
  const session = window.session = new RealtimeSession(agent, { transport, model: "kefu", config });
  transport.on("*", (event) => {
    seen.kinds.push(event.type);
    if (event.type === "response.output_audio_transcript.done") seen.answers.push(event.transcript);
    if (event.type === "conversation.item.input_audio_transcription.completed") seen.transcripts.push(event.transcript);
  });
  session.on("error", (event) => seen.errors.push(JSON.stringify(event.error ?? event)));
  await session.connect({ apiKey: secret });
  const context = new AudioContext(), meter = context.createAnalyser(), samples = new Float32Array(meter.fftSize);
  context.createMediaStreamSource(audioElement.srcObject).connect(meter);
  setInterval(() => {
    meter.getFloatTimeDomainData(samples);
    seen.level = Math.max(seen.level, ...samples.map(Math.abs));
  }, 50);
}
"""


_PUSHED = """
async () => {
  const send = (type, rest = {}) => session.transport.sendEvent({ type, ...rest });
  const pass = (ms) => new Promise((go) => setTimeout(go, ms));
  send("session.update", { session: { type: "realtime", audio: { input: { turn_detection: null } } } });
  send("input_audio_buffer.clear");
  await pass(7000); // Longer than the question on the microphone.
  send("input_audio_buffer.commit");
  while (window.seen.transcripts.length === 0) await pass(50);
  send("response.create");
}
"""


@contextmanager
def in_a_browser(gateway: GatewayProcess, client: Path, recordings: Recordings, folder: Path) -> Iterator[Page]:
    """The client's own bundle in chromium, connected by its default transport, with a question on the microphone."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    bundle = client / "node_modules/@openai/agents-realtime/dist/bundle/openai-realtime-agents.umd.js"
    with sync_playwright() as playwright:
        browser = with_microphone(playwright, recordings.samples["order"], folder)
        # Only the client's bundle is a stranger to the page's policy.
        page = browser.new_context(locale="zh-CN", bypass_csp=True).new_page()
        page.goto(f"{gateway.url}/web/example.html")
        page.add_script_tag(path=bundle)
        page.evaluate(_IN_THE_BROWSER, [gateway.url, secret_of(gateway)])
        yield page
        page.evaluate("session.close()")
        browser.close()


def seen_until_answered(page: Page) -> dict[str, Any]:
    """What the page noted until the tool's output had been spoken."""
    wait_until(
        lambda: page.evaluate("seen.kinds.includes('output_audio_buffer.stopped') && seen.answers.length > 1"), 60
    )
    seen: dict[str, Any] = page.evaluate("seen")
    return seen


@pytest.mark.browser
def test_in_a_browser_it_talks_over_webrtc(
    gateway: GatewayProcess, client: Path, recordings: Recordings, tmp_path: Path
) -> None:
    """Asked aloud, the tool called, its output heard."""
    with in_a_browser(gateway, client, recordings, tmp_path) as page:
        seen = seen_until_answered(page)
    assert "单什么时候" in seen["transcripts"][0]
    assert len(seen["tools"]) == 1
    assert seen["answers"] == ["好的，我查一下。", "包裹在宁波的仓库，星期六送到。"]
    assert seen["level"] > 0.01
    assert seen["errors"] == []
    assert "response.output_audio.delta" not in seen["kinds"]


@pytest.mark.browser
def test_in_a_browser_it_pushes_to_talk(
    gateway: GatewayProcess, client: Path, recordings: Recordings, tmp_path: Path
) -> None:
    """What the track brought since the clear is heard at the commit, and answered when the client asks for it."""
    with in_a_browser(gateway, client, recordings, tmp_path) as page:
        page.evaluate(_PUSHED)
        seen = seen_until_answered(page)
    assert "单什么时候" in seen["transcripts"][0]
    assert seen["kinds"].count("input_audio_buffer.committed") == 1
    assert seen["kinds"].index("input_audio_buffer.committed") < seen["kinds"].index("response.created")
    assert "包裹在宁波的仓库，星期六送到。" in seen["answers"]
    assert seen["level"] > 0.01
    assert seen["errors"] == []
