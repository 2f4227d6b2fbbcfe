"""The server, the bridges and the program that measures. All are ended by their pid."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A program could not do its part. The text is for the user."""


class Process:
    """A started program, with its log in a file."""

    def __init__(self, command, log):
        self.log = Path(log)
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def wait_for(self, text, timeout=60):
        end = time.monotonic() + timeout
        while text not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"waited in vain for '{text}':\n{self.log.read_text()}")
            time.sleep(0.005)

    def memory(self):
        """Bytes that it has alone, and its part of what it shares."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) * 1024

    def cpu(self):
        """Seconds of processor time."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nats_server(root):
    installed = shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin")
    unpacked = Path(root, "build", "packages", "usr", "sbin", "nats-server")
    if not installed and not unpacked.exists():
        raise Failed("there is no nats-server")
    return installed or str(unpacked)


class Server(Process):
    def __init__(self, program, folder):
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        super().__init__([program, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(Path(folder, "store"))],
                         Path(folder, "server.log"))
        self.wait_for("Server is ready")


class Bridge(Process):
    """`rules`: TOML. It serves the bus of its own name."""

    def __init__(self, program, folder, name, url, rules):
        self.name = name
        file = Path(folder, f"{name}.toml")
        file.write_text(f"name = '{name}'\nbus = '{name}'\n[nats]\nurls = ['{url}']\n{rules}\n[metrics]\nlisten = ''\n")
        super().__init__([program, "-c", str(file)], Path(folder, f"{name}.log"))

    def end(self):
        super().end()
        Path(f"/dev/shm/shmbus-nats.{self.name}.{self.name}").unlink(missing_ok=True)


class Buses:
    """Buses that exist until `end`."""

    def __init__(self, program, names):
        self.process = subprocess.Popen([program, "hold-buses", "--buses", ",".join(names)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Failed("the buses can't be made")

    def end(self):
        self.process.communicate("")


class Measure:
    """Runs the program that measures, and returns its figures."""

    def __init__(self, program):
        self.program = program

    def __call__(self, verb, **options):
        command = [self.program, verb]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stderr.strip()}")
        return json.loads(done.stdout)
