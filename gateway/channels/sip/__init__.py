"""Channel ``sip``: telephone calls without a PBX, SIP (RFC 3261) by aiosipua and RTP (RFC 3550) by aiortp.

``door`` how long it lives, ``server`` the messages and their calls, ``call`` one call, ``control`` what can be done to
it, ``trunk`` registration. ``guard`` and ``gate`` who may talk to it, ``transport`` and ``streams`` its sockets.
``offer`` what both sides can do, ``codecs`` how sound is carried, ``media`` the sound of a call, ``rtp_gate`` whose it
is, ``splice`` how its pieces are joined, ``ports`` where it comes in. No HTTP routes.
"""
