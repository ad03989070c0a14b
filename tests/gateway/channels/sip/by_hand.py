"""A caller whose messages are written by hand: what no phone of good manners would send."""

from __future__ import annotations

import asyncio
import itertools
import re
import socket

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 101\r\n"
SDP += "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
_BRANCHES = itertools.count(1)


class ByHand:
    """One call over UDP; use as a context manager."""

    def __init__(self, port: int, call_id: str = "by-hand") -> None:
        self._to = ("127.0.0.1", port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.own = self.socket.getsockname()[1]
        self.call_id = call_id
        self.tag = ""
        self._number = 0

    def __enter__(self) -> ByHand:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def request(self, method: str, body: str = "", kind: str = "application/sdp", number: int | None = None) -> bytes:
        """A request; within the call once it was answered."""
        if number is None:
            self._number += method != "ACK"
            number = self._number
        lines = [
            f"{method} sip:kefu@127.0.0.1:{self._to[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.own};branch=z9hG4bK-{self.own}-{next(_BRANCHES)};rport",
            "From: <sip:13900000000@127.0.0.1>;tag=1",
            f"To: <sip:kefu@127.0.0.1>{self.tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:13900000000@127.0.0.1:{self.own}>",
            *([f"Content-Type: {kind}"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self._to)

    async def next(self, begins: str, limit_s: float = 5) -> str:
        """The next message that begins so."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(limit_s):
            while not (message := (await loop.sock_recv(self.socket, 65_536)).decode()).startswith(begins):
                pass
        return message

    async def ask(self, method: str, body: str = "", kind: str = "application/sdp") -> str:
        """The final answer to a request."""
        self.send(self.request(method, body, kind))
        while True:
            answer = await self.next("SIP/2.0 ")
            # An older one may come again.
            if not answer.startswith("SIP/2.0 1") and f"CSeq: {self._number} {method}\r\n" in answer:
                return answer

    async def call(self) -> str:
        """Be answered; the answer."""
        answer = await self.ask("INVITE", SDP)
        assert answer.startswith("SIP/2.0 200"), answer
        found = re.search(r"^To:[^\r]*(;tag=[^\r;]*)", answer, re.MULTILINE)
        assert found is not None
        self.tag = found.group(1)
        self.send(self.request("ACK", number=self._number))
        return answer
