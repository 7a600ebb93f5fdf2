"""An RTSP server of GStreamer that plays one H.264 file to each client; started by `rtsp.py`.

/usr/bin/python3 rtsp_server.py PORT FILE [USER PASSWORD]

Runs under the system's Python, which has the bindings of gir1.2-gst-rtsp-server-1.0.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

port, file, *login = sys.argv[1:]
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory()
audio = file == "audio"
source = (
    "audiotestsrc is-live=true ! alawenc ! rtppcmapay"
    if audio
    else (f'filesrc location="{file}" ! qtdemux ! h264parse ! rtph264pay config-interval=1')
)
factory.set_launch(f"( {source} name=pay0 pt={8 if audio else 96} )")
if login:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*login), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/cam", factory)
if not server.attach(None):
    sys.exit("the port cannot be bound")
print("ready", flush=True)
GLib.MainLoop().run()
