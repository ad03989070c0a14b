"""Every setting of Kefu, validated once. Sources, strongest first: environment, the TOML file, the defaults here.

``[section] field`` in TOML is ``KEFU_SECTION_FIELD`` in the environment; the file is ``--config`` or ``KEFU_CONFIG``.
``deploy/example.toml`` has a line for each (a test holds it to these classes).
"""

from gateway.config.answers import Dialogue, Domain, Functions, Generate, Knowledge, Nlu, Shop, Triton
from gateway.config.loading import ConfigError, Settings, load
from gateway.config.server import Database, Gateway, IceServer, Log, Webrtc
from gateway.config.telephones import Asterisk, Exotel, Jambonz, Phone, Plivo, Sip, Telnyx, Twilio, Vonage
from gateway.config.voice import Asr, Floor, Listen, Tts

__all__ = [
    "Asr",
    "Asterisk",
    "ConfigError",
    "Database",
    "Dialogue",
    "Domain",
    "Exotel",
    "Floor",
    "Functions",
    "Gateway",
    "Generate",
    "IceServer",
    "Jambonz",
    "Knowledge",
    "Listen",
    "Log",
    "Nlu",
    "Phone",
    "Plivo",
    "Settings",
    "Shop",
    "Sip",
    "Telnyx",
    "Triton",
    "Tts",
    "Twilio",
    "Vonage",
    "Webrtc",
    "load",
]
