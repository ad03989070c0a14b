"""The Coqui adapter against a real, tiny, randomly initialised VITS: proves the plumbing, not the sound."""

from __future__ import annotations

import importlib.util
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest

from speech.errors import TtsFailed
from speech.tts import TtsOptions, load_tts, required_weights

needs_coqui = pytest.mark.skipif(
    importlib.util.find_spec("TTS") is None, reason="the extra 'coqui' is not installed: pip install 'kefu[coqui]'"
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """model.pth and config.json of an untrained VITS with 0.4 M parameters at 16 kHz."""
    import torch
    from TTS.config.shared_configs import BaseAudioConfig
    from TTS.tts.configs.shared_configs import CharactersConfig
    from TTS.tts.configs.vits_config import VitsArgs, VitsConfig
    from TTS.tts.models.vits import Vits

    torch.manual_seed(0)
    letters = "abcdefghijklmnopqrstuvwxyz您好请问订单号码退款物流谢谢再见一二三四五"
    config = VitsConfig(
        model_args=VitsArgs(
            num_chars=len(letters) + 20, hidden_channels=32, hidden_channels_ffn_text_encoder=64,
            num_heads_text_encoder=2, num_layers_text_encoder=1, num_layers_flow=1, num_layers_posterior_encoder=2,
            kernel_size_posterior_encoder=5, out_channels=513, resblock_type_decoder="2",
            resblock_kernel_sizes_decoder=[3], resblock_dilation_sizes_decoder=[[1, 2]],
            upsample_rates_decoder=[8, 8, 4], upsample_initial_channel_decoder=32,
            upsample_kernel_sizes_decoder=[16, 16, 8], use_sdp=False, init_discriminator=False,
        ),
        audio=BaseAudioConfig(sample_rate=16_000, hop_length=256, win_length=1024, fft_size=1024, num_mels=80),
        characters=CharactersConfig(
            characters_class="TTS.tts.models.vits.VitsCharacters", pad="<PAD>", eos="<EOS>", bos="<BOS>",
            blank="<BLNK>", characters="".join(dict.fromkeys(letters)), punctuations="!,.? ，。？！、", phonemes="",
        ),
        text_cleaner="basic_cleaners", use_phonemes=False, add_blank=True, test_sentences=[], run_name="tiny",
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("vits")
    torch.save({"model": Vits.init_from_config(config).state_dict(), "step": 0}, folder / "model.pth")
    config.save_json(str(folder / "config.json"))
    return folder / "model.pth", folder / "config.json"


@needs_coqui
@pytest.mark.filterwarnings("ignore")
async def test_a_local_checkpoint_speaks(checkpoint: tuple[Path, Path]) -> None:
    model, config = checkpoint
    options = TtsOptions(voice="coqui", coqui_model=str(model), coqui_config=str(config), coqui_language="zh")
    assert required_weights(options) == ()
    engine = load_tts(options)
    assert engine.capabilities.languages == {"zh"}
    frames = [frame async for frame in engine.synthesize("您好，请问订单号码一二三四五？", "zh")]
    assert {frame.rate_hz for frame in frames} == {24_000}
    assert all(len(frame.pcm) == 960 for frame in frames[:-1])
    assert sum(frame.duration_ms for frame in frames) > 300
    assert any(any(frame.pcm) for frame in frames)
    async with aclosing(cast(Any, engine.synthesize("您好，请问订单号码，谢谢再见。", "zh"))) as some:
        await anext(some)
    await engine.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (TtsOptions(voice="coqui"), "tts.coqui_model"),
        (TtsOptions(voice="opera"), "choose one of fast, kokoro, coqui"),
    ],
)
def test_wrong_settings_say_what_to_do(options: TtsOptions, says: str) -> None:
    with pytest.raises(TtsFailed, match=says):
        load_tts(options)


def test_a_missing_checkpoint_or_package_is_named() -> None:
    with pytest.raises(TtsFailed, match=r"does not exist|kefu\[coqui\]"):
        load_tts(TtsOptions(voice="coqui", coqui_model="/nowhere/model.pth", coqui_config="/nowhere/config.json"))
