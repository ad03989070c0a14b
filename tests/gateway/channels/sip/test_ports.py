"""RTP ports."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from gateway.channels.sip.ports import Ports
from gateway.errors import Busy


def test_ports_are_even_rest_long_and_run_out() -> None:
    ports = Ports(20_001, 20_006)
    with ports.taken() as first:
        assert first == 20_002
    with ports.taken() as second:
        assert second == 20_004, "the one that was just used rests"
    with ExitStack() as calls:
        assert [calls.enter_context(ports.taken()) for _ in range(2)] == [20_002, 20_004]
        with pytest.raises(Busy, match=r"sip\.rtp_port") as refused, ports.taken():
            pass
        assert refused.value.retry_after_s
    with ports.taken() as again:
        assert again in {20_002, 20_004}
