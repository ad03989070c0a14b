"""Channel ``webrtc``: the voice session over WebRTC (Opus both ways), its messages over a data channel.

``door`` the routes (in the manner of WHIP, RFC 9725), ``peer`` one customer's connection, ``track`` our voice.
"""
