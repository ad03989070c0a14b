"""What telephones share, and each provider's or protocol's own."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway.config.section import Port, Section


class Phone(Section):
    """What all telephone channels share."""

    public_url: str = ""
    """How providers reach this gateway, e.g. https://kefu.example.com: signatures are checked against it."""
    language: Literal["zh", "en"] = "zh"
    """Of the first words of a call."""
    agent: str = ""
    """Where callers are put through to who ask for a person: a number (E.164) or a name of the dialplan."""
    menu: str = ""
    """File with the IVR menu (deploy/phone_menu.yaml is an example); empty: calls begin with the assistant."""
    recordings: str = ""
    """Folder of call recordings (WAV), made only with the consent that the menu asks for; empty: none."""

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not url.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http:// for tests)")
        return url.rstrip("/")


class Twilio(Section):
    """Twilio Media Streams: point a number's voice webhook at /v1/twilio/voice."""

    account_sid: str = ""
    auth_token: SecretStr | None = None
    """Signs Twilio's requests; absent: the channel is closed."""
    api_url: str = "https://api.twilio.com"


class Telnyx(Section):
    """Telnyx TeXML: point an application's webhook at /v1/telnyx/voice."""

    public_key: str = ""
    """Base64 of the Ed25519 key that signs Telnyx's requests; empty: the channel is closed."""
    api_key: SecretStr | None = None
    """For hang-up and transfer."""
    api_url: str = "https://api.telnyx.com"


class Plivo(Section):
    """Plivo audio streams: point an application's answer URL at /v1/plivo/voice."""

    auth_id: str = ""
    auth_token: SecretStr | None = None
    """Signs Plivo's requests; absent: the channel is closed."""
    api_url: str = "https://api.plivo.com"


class Exotel(Section):
    """Exotel voicebot applets: wss://USERNAME:PASSWORD@this-host/v1/exotel/media."""

    username: str = "kefu"
    password: SecretStr | None = None
    """Absent: the channel is closed."""


class Vonage(Section):
    """Vonage's Voice API: point an application's answer URL (POST) at /v1/vonage/answer."""

    signature_secret: SecretStr | None = None
    """Signs Vonage's requests; absent: the channel is closed."""
    application_id: str = ""
    private_key: SecretStr | None = None
    """The application's, PEM: for hang-up and transfer."""
    api_url: str = "https://api.nexmo.com"


class Jambonz(Section):
    """jambonz, and FreeSWITCH's mod_audio_fork: wss://this-host/v1/jambonz/media."""

    username: str = "kefu"
    password: SecretStr | None = None
    """Of the verb's wsAuth; absent: the channel is closed."""


class Asterisk(Section):
    """Asterisk: chan_websocket at /v1/asterisk/media, AudioSocket on a port of its own."""

    username: str = "kefu"
    password: SecretStr | None = None
    """Of websocket_client.conf, and of the dialplan's requests; absent: the channels are closed."""
    audiosocket_host: str = "127.0.0.1"
    """AudioSocket has no encryption: a private address."""
    audiosocket_port: Port = 0
    """0: closed."""


class Sip(Section):
    """Calls by SIP, without a PBX. Closed while ``port`` is 0."""

    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """UDP port of the signalling, usually 5060; 0: closed."""
    host: str = "0.0.0.0"
    public_host: str = ""
    """Our address as callers see it, where a NAT is in between."""
    allow: tuple[str, ...] = ()
    """Addresses and networks that are answered, e.g. 203.0.113.0/24; empty: none, unless there are ``users``."""
    users: dict[str, SecretStr] = {}  # noqa: RUF012 - pydantic copies it
    """Passwords by name: callers prove who they are by digest. With both, both are needed."""
    rtp_port: Port = 20000
    """First UDP port of the sound; a call takes two."""
    rtp_port_last: Port = 20998
    requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """From one address."""
    codecs: tuple[Literal["opus", "g722", "pcma", "pcmu"], ...] = ("opus", "g722", "pcma", "pcmu")
    """Codings of the sound, the one we like best first."""
    transports: tuple[Literal["udp", "tcp"], ...] = ("udp", "tcp")
    """UDP always; TCP on the same port."""
    silent_s: Annotated[float, Field(gt=0)] = 30.0
    """A caller of whom neither sound nor RTCP came for so long is gone."""
    held_s: Annotated[float, Field(gt=0)] = 600.0
    """So long a caller may hold us."""
    domain: str = ""
    """Makes SIP addresses of the numbers that callers are put through to; empty: where the call came from."""
    registrar: str = ""
    """Trunk to register with, host or host:port."""
    trunk_user: str = ""
    trunk_password: SecretStr | None = None

    @model_validator(mode="after")
    def _is_guarded(self) -> Sip:
        if self.port and not (self.allow or self.users):
            raise ValueError("needs sip.allow (addresses of your trunk) or sip.users: port 5060 is scanned")
        for network in self.allow:
            ip_network(network, strict=False)
        return self
