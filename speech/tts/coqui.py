"""The ``coqui`` voice: any Coqui model (package ``coqui-tts``, module ``TTS``), by name or as checkpoint and config.

Optional extra ``coqui`` (torch). Which languages it speaks is the operator's to say (``coqui_language``), a VITS
checkpoint does not tell. Output is resampled to 24 kHz like every voice.

torchaudio: ``coqui-tts`` imports it, and the wheel's native libraries want CUDA's ``libc10_cuda.so``, so that the
import fails beside a CPU build of torch. Without those libraries torchaudio is pure Python and imports;
``python -m speech.tts.coqui --fix-torchaudio`` sets them aside (renames, so it can be undone).
"""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.util
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference_server.weights import WeightSet
from speech.errors import TtsFailed
from speech.tts.clauses import clauses
from speech.tts.streaming import ClauseStream, Render, resampled
from speech.types import AudioFrame, Language, Samples, TtsCapabilities

if TYPE_CHECKING:
    from speech.tts import TtsOptions

RATE_HZ = 24_000
_LANGUAGE_CODES: dict[Language, tuple[str, ...]] = {"zh": ("zh-cn", "zh", "cmn"), "en": ("en", "en-us")}
_ASIDE = ".cuda-only"


def _load_model(model: str, config: str) -> Any:
    if importlib.util.find_spec("TTS") is None:
        raise TtsFailed("voice 'coqui' needs the package coqui-tts: run 'make setup COQUI=1'")
    path = Path(model)
    is_checkpoint = bool(config) or path.exists()
    for name, needed in (("coqui_model", model), ("coqui_config", config)):
        if is_checkpoint and not (needed and Path(needed).exists()):
            raise TtsFailed(
                f"tts.{name} '{needed}' does not exist; a local checkpoint needs coqui_model and coqui_config"
            )
    try:
        from TTS.api import TTS

        if is_checkpoint:
            return TTS(model_path=model, config_path=config, progress_bar=False)
        return TTS(model_name=model, progress_bar=False)
    except OSError as error:
        if "cuda" in str(error).lower():
            raise TtsFailed("torchaudio wants CUDA: run 'python -m speech.tts.coqui --fix-torchaudio'") from error
        raise TtsFailed(f"the Coqui model '{model}' cannot be loaded: {error}") from error
    except Exception as error:
        raise TtsFailed(f"the Coqui model '{model}' cannot be loaded: {type(error).__name__}: {error}") from error


class CoquiEngine:
    """``TtsEngine`` around ``TTS.api.TTS``. One thread: its models keep state. Safe to cancel at any point."""

    def __init__(self, model: Any, languages: frozenset[Language], *, speed: float = 1.0) -> None:
        self._model = model
        self._rate_hz = int(model.synthesizer.output_sample_rate)
        self._set_speed(speed)
        self._stream = ClauseStream("coqui", RATE_HZ, workers=1)
        self.capabilities = TtsCapabilities(
            languages=languages,
            rate_hz=RATE_HZ,
            commercial_use=True,
            licence="your own Coqui model; its licence decides what you may do with it",
        )

    @staticmethod
    def required(options: TtsOptions) -> tuple[WeightSet, ...]:
        """None: the model is the operator's own, or coqui-tts fetches it by name when it is first loaded."""
        return ()

    @classmethod
    def load(cls, options: TtsOptions, cache: Path | None = None) -> CoquiEngine:
        """Blocks for seconds (torch, the checkpoint). Raises ``TtsFailed`` with what to do."""
        if not options.coqui_model:
            raise TtsFailed("voice 'coqui' needs tts.coqui_model: a Coqui model name, or a checkpoint and coqui_config")
        languages: frozenset[Language] = (
            frozenset({"zh", "en"}) if options.coqui_language == "both" else frozenset({options.coqui_language})
        )
        return cls(_load_model(options.coqui_model, options.coqui_config), languages, speed=options.speed)

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """20 ms frames of ``text``, clause by clause. Raises ``TtsFailed``."""
        pieces = clauses(text, first=6, rest=16)
        renders: list[Render] = [functools.partial(self._render, piece, language) for piece in pieces]
        async for frame in self._stream.frames(renders):
            yield frame

    async def close(self) -> None:
        """Let the thread end; a sentence in work raises ``TtsFailed``."""
        self._stream.close()

    def _render(self, clause: str, language: Language) -> Iterator[Samples]:
        chosen: dict[str, Any] = {"split_sentences": False}
        if self._model.is_multi_lingual:
            chosen["language"] = self._language_code(language)
        if self._model.is_multi_speaker and self._model.speakers:
            chosen["speaker"] = self._model.speakers[0]
        samples = np.asarray(self._model.tts(clause.strip(), **chosen), np.float32)
        yield resampled(samples, self._rate_hz, RATE_HZ)

    def _language_code(self, language: Language) -> str:
        offered = [str(code).strip() for code in self._model.languages or ()]
        return next((code for code in _LANGUAGE_CODES[language] if code in offered), language)

    def _set_speed(self, speed: float) -> None:
        """VITS and the like read ``length_scale`` at every inference; other models keep their own pace."""
        network = self._model.synthesizer.tts_model
        if hasattr(network, "length_scale"):
            network.length_scale = network.length_scale / speed


def fix_torchaudio() -> list[str]:
    """Set torchaudio's native libraries aside when they cannot be loaded; returns the names it renamed.

    Does nothing when torchaudio is absent or imports as it is. Needed once after installing the extra.
    """
    spec = importlib.util.find_spec("torchaudio")
    if spec is None or not spec.submodule_search_locations:
        return []
    try:
        importlib.import_module("torchaudio")
    except OSError:
        libraries = sorted((Path(spec.submodule_search_locations[0]) / "lib").glob("*.so"))
        return [library.rename(library.with_name(library.name + _ASIDE)).name for library in libraries]
    return []


def main() -> None:
    """``python -m speech.tts.coqui --fix-torchaudio``."""
    parser = argparse.ArgumentParser(prog="python -m speech.tts.coqui", description=fix_torchaudio.__doc__)
    parser.add_argument("--fix-torchaudio", action="store_true", required=True)
    parser.parse_args()
    renamed = fix_torchaudio()
    sys.stdout.write(f"set aside: {', '.join(renamed)}\n" if renamed else "nothing to fix\n")


if __name__ == "__main__":
    main()
