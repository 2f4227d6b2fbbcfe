"""What is run in each round: a sample is one run of one program, and gives some figures.

Keys of samples are "measure/program"; those of shmbus hold all its variants, each beside its floor."""

SIZES = (1024, 4096, 16384, 65536, 262144, 1048576)  # bytes copied
PEERS = ("iceoryx", "message_queue", "zeromq", "nng", "seqpacket", "pipe", "handover")
BLOCK = 16 << 20  # bytes, where 1 MiB is loaned
BLOCKS = 16


class Pace:
    """How long things are measured."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.timeout = 60 + 60 * seconds

    def peer(self):
        return ("--seconds", self.seconds)

    def shmbus(self):
        return ("--rounds", 1, "--round-ms", max(1, round(self.seconds * 1000)),
                "--warm-up-ms", max(1, round(self.seconds * 200)))


def _series(document):
    return {series["name"]: series for series in document["series"]}
