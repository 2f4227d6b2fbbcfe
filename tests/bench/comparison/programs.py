"""Runs the programs that measure, and leaves nothing of them behind."""

import contextlib
import getpass
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


class Failed(Exception):
    """A program could not do its part. The text is for the user."""


class Programs:
    """Where the programs are, and a folder for their sockets, removed in the end. `disk` is a folder on the disk to measure."""

    def __init__(self, build, disk):
        self.disk = disk
        self.peers = Path(build, "peers")
        self.bench = Path(build, "bin", "shmbus-bench")
        for program in (self.peers / "floor", self.bench):
            if not program.exists():
                raise Failed(f"{program} is missing: run tests/bench/compare without --no-build")
        self.folder = tempfile.mkdtemp(prefix="shmbus-compare.")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def peer(self, name, *arguments, timeout):
        """The figures of one run of a peer's program."""
        return self._json([str(self.peers / name), *map(str, arguments)], timeout)

    def shmbus(self, *arguments, timeout):
        """The document of one run of shmbus-bench."""
        return self._json([str(self.bench), *map(str, arguments), "--json"], timeout)

    def _json(self, command, timeout):
        text = self._output(command, timeout)
        try:
            return json.loads(text)
        except ValueError:
            raise Failed(f"{' '.join(command)}: expected JSON, found '{text[:200]}'") from None

    def _output(self, command, timeout):
        environment = dict(os.environ, TMPDIR=self.folder)
        # In a session of its own: on Ctrl-C this program ends it, with everything that it has started.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=environment, start_new_session=True)
        try:
            out, error = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(command)}: did not end within {timeout:.0f} s") from None
        finally:
            end(process, group=True)
            _remove("/dev/shm", f"shmbus.bench-{process.pid}.")
        if process.returncode != 0:
            raise Failed(f"{' '.join(command)}: {error.strip() or f'exit status {process.returncode}'}")
        return out

    @contextlib.contextmanager
    def disk_folder(self):
        """An empty folder on the disk, for as long as a program needs it."""
        folder = tempfile.mkdtemp(prefix="shmbus-compare.", dir=self.disk)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def redis(self, folder, *options):
        """A Redis server that keeps its data in the folder, for as long as a peer needs it. Gives the path of its socket."""
        program, path, log = self._redis_server(), Path(self.folder, "redis.socket"), Path(folder, "redis.log")
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL",
                                    program, "--port", "0", "--unixsocket", str(path), "--dir", str(folder),
                                    "--logfile", str(log), "--save", "", *options],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            _wait_for(process, "redis-server", lambda: _answers(path), log)
            yield path
        finally:
            end(process)
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def nats(self):
        """A NATS server with JetStream on a free port of the loopback. Gives its address."""
        unpacked = Path(__file__).parents[3] / "build" / "packages" / "usr" / "sbin" / "nats-server"
        program = shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin") or str(unpacked)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        log = folder / "log"
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL",
                                    program, "--addr", "127.0.0.1", "--port", "-1",
                                    "--jetstream", "--store_dir", str(folder / "store"), "--log", str(log)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            _wait_for(process, "nats-server", lambda: log.exists() and "Server is ready" in log.read_text("utf-8"), log)
            address = re.search(r"client connections on (127\.0\.0\.1:\d+)", log.read_text("utf-8"))
            yield f"nats://{address[1]}"
        finally:
            end(process)

    def _redis_server(self):
        """Installing redis-server would also start its service. Its program is that of redis-tools, by another name."""
        installed = shutil.which("redis-server")
        program = shutil.which("redis-check-rdb")
        if installed or not program:
            return installed or "redis-server"
        link = Path(self.folder, "redis-server")
        if not link.exists():
            link.symlink_to(program)
        return str(link)

    @contextlib.contextmanager
    def roudi(self):
        """iceoryx's daemon, for as long as a peer needs it."""
        log = Path(self.folder, "roudi.log")
        with open(log, "w", encoding="utf-8") as out:
            # RouDi would kill processes that did not sign off; this program ends its processes itself.
            process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM",
                                        "iox-roudi", "--monitoring-mode", "off", "--kill-delay", "1"],
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        try:
            deadline = time.monotonic() + 20
            while "ready for clients" not in log.read_text(encoding="utf-8"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Failed("iox-roudi did not start; does another one run? It said:\n" +
                                 log.read_text(encoding="utf-8"))
                time.sleep(0.02)
            yield
        finally:
            was_ours = process.poll() is None
            if was_ours and not end(process):
                self._clear_after_roudi(log.read_text(encoding="utf-8"))

    @staticmethod
    def _clear_after_roudi(said):
        """It cleans up by itself unless it had to be killed."""
        for segment in re.findall(r"in the shared memory \[([^\]/]+)\]", said):
            Path("/dev/shm", segment).unlink(missing_ok=True)
        for name in ("roudi", "roudi.lock", "iox-unique-roudi.lock"):
            Path("/tmp", name).unlink(missing_ok=True)


def end(process, group=False):
    """Ends a process that we started, by its pid; false if it had to be killed."""
    kind = os.killpg if group else os.kill
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            kind(process.pid, signal.SIGKILL)
            process.wait()
            return False
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
    return process.returncode in (0, -signal.SIGTERM)


def _wait_for(process, name, ready, log):
    """Waits until a server is ready."""
    deadline = time.monotonic() + 20
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8") if log.exists() else "nothing"
            raise Failed(f"{name} did not start. It said:\n{said}")
        time.sleep(0.02)


def _answers(path):
    """Whether a Redis server answers at the socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64) == b"+PONG\r\n"
        except OSError:
            return False


def _remove(folder, prefix):
    for path in Path(folder).glob(prefix + "*"):
        with contextlib.suppress(OSError):
            path.unlink()
