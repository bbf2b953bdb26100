"""The probe's questions to systemd, put to a real one: it runs in namespaces of its own, with nothing but these units.

``make test-docker`` runs it; ``TEST_SYSTEMD_ROOT`` names another root folder, with another release of systemd in it.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks.host_facts import HostReport, WorkerLog
from checks.worker_report import read_host
from tests.docker.recording import SALT

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_DOCKER"), reason="make test-docker runs it")

_BOOT = r"""
set -e
r=${TEST_SYSTEMD_ROOT:-/}
mount --make-rprivate /
if [ "$r" != / ]; then
  mount --bind "$r" "$r"
  mkdir -p "$r/old"
  mount --rbind /dev "$r/dev"
  mount --rbind /sys "$r/sys"
fi
mount -t proc proc "$r/proc"
mount -t tmpfs tmpfs "$r/run"
mount -t tmpfs tmpfs "$r/var/log"
mkdir "$r/run/test"
mount --bind "$1" "$r/run/test"
mount --bind "$1/units" "$r/etc/systemd/system"
mount -t cgroup2 none "$r/sys/fs/cgroup"
if [ "$r" != / ]; then cd "$r"; pivot_root . old; cd /; fi
for systemd in /usr/lib/systemd/systemd /lib/systemd/systemd; do
  [ -x $systemd ] && exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin $systemd --unit=test.target \
    --log-target=journal --log-level=info --show-status=no
done
"""
_TARGET = "[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service main.service\n"
_MAIN = """[Unit]
DefaultDependencies=no
After=systemd-journald.service
[Service]
Type=oneshot
ExecStart=/bin/sh /run/test/main.sh
"""
_RUN = "/run/test/bin/docker run --rm --name {} --env-file /opt/workers.env worker"
_UNITS = {
    "loops": f"ExecStart={_RUN.format('loops')}\nRestart=always\nRestartSec=100ms\n",
    "failed": f"ExecStart={_RUN.format('failed')}\n",
    "ended": f"ExecStart={_RUN.format('ended')}\n",
    "limited": f"ExecStart={_RUN.format('limited')}\nRestart=on-failure\nRestartSec=50ms\n",
    "pulls": f"ExecStartPre=/bin/sleep 60\nExecStart={_RUN.format('pulls')}\n",
    "academy-other": f"ExecStart={_RUN.format('named-otherwise')}\nRestart=always\nRestartSec=60\n",
    "healthcheck": "ExecStart=/run/test/bin/docker logs -f watched\n",
}
_DOCKER = """#!/bin/sh
case $1 in
  version) echo 28.5.2 ;;
  inspect) echo "Error response from daemon: No such container: $5" >&2; exit 1 ;;
  run) echo "Traceback: No module named 'x'"; case " $* " in *' ended '*) exit 0 ;; *) exit 3 ;; esac ;;
  logs) exec sleep 60 ;;
esac
"""
_NAMES = ("loops", "failed", "ended", "limited", "pulls", "named-otherwise", "watched", "nobody")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[HostReport, WorkerLog | None]]:
    """Return what the probe reports of each container's name."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not Path("/lib/systemd/systemd").exists():
        pytest.skip("it needs root, unshare and systemd")
    folder = tmp_path_factory.mktemp("systemd")
    for name in ("units", "bin", "said"):
        (folder / name).mkdir()
    limits = "[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec={}\nStartLimitBurst=3\n[Service]\n"
    for name, unit in _UNITS.items():
        whole = limits.format(60 if name == "limited" else 0) + unit
        (folder / "units" / f"{name}.service").write_text(whole, "utf-8")
    (folder / "units" / "test.target").write_text(_TARGET, "utf-8")
    (folder / "units" / "main.service").write_text(_MAIN, "utf-8")
    (folder / "bin" / "docker").write_text(_DOCKER, "utf-8")
    (folder / "bin" / "docker").chmod(0o755)
    main = ["systemctl --no-block start " + " ".join(_UNITS), "sleep 3", "export PATH=/run/test/bin:$PATH"]
    for name in _NAMES:
        (folder / f"{name}.sh").write_text(host_scripts.probe(name, None, SALT), "utf-8")
        main.append(f"sh /run/test/{name}.sh >/run/test/said/{name}")
    main += ["systemctl --version >/run/test/release", "systemctl poweroff --force --force"]
    (folder / "main.sh").write_text("\n".join(main), "utf-8")
    spaces = ("--fork", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--kill-child")
    command = ["timeout", "-k", "2", "60", "unshare", *spaces, "sh", "-c", _BOOT, "sh", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not (folder / "release").exists():
        pytest.skip(f"no systemd can run here: {done.stderr.strip()[-300:]}")
    settings = load(environ={}, default_env_file=None)
    found = {}
    for name in _NAMES:
        output = (folder / "said" / name).read_text("utf-8")
        read = read_host("i-0", output, SALT, settings, Connections(settings))
        assert read is not None, output
        found[name] = read
    return found


@pytest.mark.parametrize(
    ("name", "unit", "status", "exit_code"),
    [
        ("loops", "loops.service", "restarting", 3),
        ("failed", "failed.service", "exited", 3),
        ("limited", "limited.service", "exited", 3),
        ("ended", "ended.service", "exited", 0),
        ("pulls", "pulls.service", "starting", 0),
        ("named-otherwise", "academy-other.service", "starting", 3),
    ],
)
def test_a_unit_that_runs_the_container_is_found_with_its_state(
    seen: dict[str, tuple[HostReport, WorkerLog | None]], name: str, unit: str, status: str, exit_code: int
) -> None:
    host, log = seen[name]
    assert host.container is not None
    assert (host.container.unit, host.container.status, host.container.exit_code) == (unit, status, exit_code)
    if name in {"loops", "failed", "limited"}:
        assert host.container.restarts >= {"loops": 3, "limited": 3}.get(name, 1)
        assert host.container.finished_at is not None
    if name != "pulls":
        assert log is not None
        assert {line.text for line in log.tail} == {"Traceback: No module named 'x'"}
        assert all(line.at for line in log.tail)


@pytest.mark.parametrize("name", ["watched", "nobody"])
def test_a_unit_that_only_follows_a_container_does_not_run_it(
    seen: dict[str, tuple[HostReport, WorkerLog | None]], name: str
) -> None:
    host, log = seen[name]
    assert (host.docker, host.container, log) == ("up", None, None)
