"""Debian's baresip and Linphone as callers: they play a file, record what they hear and press keys."""

from __future__ import annotations

import asyncio
import os
import shutil
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from speech.audio import read_wav, resample, write_wav
from speech.types import Samples
from tests.gateway.free_ports import free_udp_port

needs_baresip = pytest.mark.skipif(shutil.which("baresip") is None, reason="Debian's baresip-core is not installed")
needs_linphone = pytest.mark.skipif(shutil.which("linphonec") is None, reason="Debian's linphone-cli is not installed")
_BARESIP = """
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module g722.so
module opus.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
audio_source aufile,{folder}/said.wav
audio_player aufile,{folder}/unused.wav
snd_path {folder}
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
"""
_LINPHONE = """
[sip]
sip_port=-1
sip_tcp_port=-1
use_info={info}
use_rfc2833={events}
[rtp]
audio_rtp_port=-1
[sound]
echocancellation=0
"""
Key = tuple[float, str]
"""Seconds since the call was made, and the key."""


async def _typed(process: asyncio.subprocess.Process, lines: Sequence[Key]) -> None:
    """Write each at its second."""
    assert process.stdin is not None
    loop = asyncio.get_running_loop()
    began = loop.time()
    for at_s, text in lines:
        await asyncio.sleep(max(0.0, began + at_s - loop.time()))
        process.stdin.write(text.encode())
        await process.stdin.drain()


async def baresip(
    folder: Path,
    port: int,
    said: Samples,
    *,
    codec: str,
    keys: Sequence[Key] = (),
    seconds: int,
    transport: str = "udp",
) -> tuple[Samples, int]:
    """Call; returns what it heard and its rate. ``said`` at 16 kHz; ``codec`` as baresip writes it: PCMA/8000/1."""
    rate_hz, channels = (int(part) for part in codec.split("/")[1:])
    _write(folder / "said.wav", said, rate_hz, channels)
    config = _BARESIP.format(folder=folder, port=free_udp_port()).lstrip()
    (folder / "config").write_text(config + (f"audio_channels {channels}-{channels}\n" if channels == 1 else ""))
    account = f"<sip:13900000000@127.0.0.1;transport={transport}>;regint=0;audio_codecs={codec}\n"
    (folder / "accounts").write_text(account)
    command = ["baresip", "-4", "-f", str(folder), "-e", f"d sip:kefu@127.0.0.1:{port}", "-t", str(seconds)]
    with (folder / "baresip.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=log, stderr=asyncio.subprocess.STDOUT
        )
        async with asyncio.timeout(seconds + 30):
            # It takes half a second to start.
            await _typed(process, [(at + 0.5, key) for at, key in keys])
            await process.wait()
    return read_wav(_dump(folder))


def _dump(folder: Path) -> Path:
    return next(folder.glob("dump-*-dec.wav"))


async def linphone(
    folder: Path,
    port: int,
    said: Samples,
    *,
    keys: Sequence[Key] = (),
    by_info: bool = False,
    seconds: float,
) -> tuple[Samples, int]:
    """Call; returns what it heard and its rate. ``said`` at 16 kHz."""
    _write(folder / "said.wav", said, 16_000, 1)
    config = _LINPHONE.format(info=int(by_info), events=int(not by_info))
    (folder / "linphonerc").write_text(config.lstrip())
    home = folder / "home"
    (home / ".local/share/linphone").mkdir(parents=True)
    heard = folder / "heard.wav"
    opening = ["soundcard use files", f"play {folder}/said.wav", f"record {heard}"]
    lines = [(0.5, "\n".join([*opening, f"call sip:kefu@127.0.0.1:{port}", ""]))]
    lines += [(0.5 + at, f"{key}\n") for at, key in keys]
    lines += [(0.5 + seconds, "terminate\n"), (1.5 + seconds, "quit\n")]
    with (folder / "linphone.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *["linphonec", "-c", str(folder / "linphonerc")],
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "HOME": str(home)},
        )
        async with asyncio.timeout(seconds + 30):
            await _typed(process, lines)
            await process.wait()
    return read_wav(heard)


def _write(path: Path, said: Samples, rate_hz: int, channels: int) -> None:
    samples = said if rate_hz == 16_000 else resample(said, 16_000, rate_hz)
    if channels == 1:
        write_wav(path, samples, rate_hz)
        return
    stereo = np.repeat((np.clip(samples, -1, 1) * 32767).astype("<i2"), channels)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(stereo.tobytes())
