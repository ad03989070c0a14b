"""``python -m speech a.wav ...`` prints what is said in recordings, utterance by utterance, with timings."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import aclosing
from pathlib import Path

from speech.asr import AsrOptions, load_asr
from speech.audio import frames_of, read_audio, resample
from speech.errors import SpeechError
from speech.listen import ListenConfig, listen
from speech.types import LISTEN_RATE_HZ, BatchAsr, RecognitionFailed, Transcript
from speech.vad import SileroVad


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, or 1 when something could not be read or recognised."""
    parser = argparse.ArgumentParser(prog="python -m speech", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recordings to transcribe")
    parser.add_argument("--model", default="base", help="'base', or a directory with a CTranslate2 Whisper model")
    options = parser.parse_args(arguments)
    try:
        return asyncio.run(_transcribe(options.files, AsrOptions(model=options.model)))
    except SpeechError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


async def _transcribe(files: list[Path], options: AsrOptions) -> int:
    began = time.perf_counter()
    asr, vad = load_asr(options), SileroVad()
    print(f"model loaded in {time.perf_counter() - began:.2f} s")
    try:
        failures = [await _transcribe_file(path, asr, vad) for path in files]
    finally:
        await asr.close()
    return int(any(failures))


async def _transcribe_file(path: Path, asr: BatchAsr, vad: SileroVad) -> bool:
    """Print the file's utterances; whether any of them failed."""
    samples, rate_hz = read_audio(path)
    heard = resample(samples, rate_hz, LISTEN_RATE_HZ)
    seconds = heard.size / LISTEN_RATE_HZ
    print(f"{path.name}: {seconds:.2f} s at {rate_hz} Hz")
    began, failed = time.perf_counter(), False
    # partials and speculation serve a listener in real time; here every utterance is decoded once
    config = ListenConfig(partial_interval_ms=0, speculate=False)
    async with aclosing(listen(frames_of(heard, LISTEN_RATE_HZ), asr, vad.stream(), config=config)) as events:
        async for event in events:
            if isinstance(event, Transcript):
                where = f"{event.start_ms / 1000:7.2f} - {event.end_ms / 1000:.2f} s"
                print(
                    f"{where}  {event.language} {event.confidence:.2f}  {event.text or '(nobody spoke)'}"
                    f"  [decoded in {event.decode_ms:.0f} ms]"
                )
            elif isinstance(event, RecognitionFailed):
                failed = True
                print(f"utterance {event.utterance_id}: {event.code}", file=sys.stderr)
    took = time.perf_counter() - began
    print(f"  took {took:.2f} s, RTF {took / max(seconds, 1e-9):.3f}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
