# SPDX-License-Identifier: MIT
"""A window on a screen: what a program prints, painted by xterm, to be read and to be scanned.

The program runs on a terminal of its own, and whatever comes out of it is written to the window.
"""

import os
import select
import struct
import subprocess
import time

FONT = ["-fa", "DejaVu Sans Mono", "-fs", "10"]
COLOURS = ["-bg", "black", "-fg", "white"]
SCREEN = "1100x1400x24"  # pixels: 120 columns and 70 rows
WAIT_SECONDS = 10
# Pixels that are one in the picture. From a little away, letters become areas.
DISTANCES = (1, 4)
# It ends with the tests, whatever those end of, and with it all windows.
WITH_US = ["setpriv", "--pdeathsig", "TERM", "--"]
POSITION = b"\x1b[6n"  # xterm tells where its cursor is: it has come that far
PRINT = b"\x1b[i"


class Screen:
    """An X server without hardware."""

    def __init__(self, directory):
        self.directory = directory
        ready, tell = os.pipe()
        self.server = subprocess.Popen(
            [*WITH_US, "Xvfb", "-displayfd", str(tell), "-screen", "0", SCREEN,
             "-fbdir", directory],
            pass_fds=[tell], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(tell)
        with open(ready, encoding="ascii") as answer:
            self.name = f":{answer.readline().strip()}"
        assert self.name != ":", "Xvfb did not start"

    def close(self):
        self.server.terminate()
        self.server.wait(WAIT_SECONDS)

    def pixels(self):
        """What is on it: rows of bytes, one for each pixel's brightness (its green)."""
        data = (self.directory / "Xvfb_screen0").read_bytes()
        head = struct.unpack(">25I", data[:100])  # XWDFile.h
        size, width, height, row_bytes, colours = (head[n] for n in (0, 4, 5, 12, 19))
        start = size + colours * 12 + 1
        return [data[at:at + 4 * width:4]
                for at in range(start, start + height * row_bytes, row_bytes)]


class Window:
    """An xterm; with the locale of who sits there."""

    def __init__(self, screen, columns, rows, locale, directory):
        self.screen = screen
        self.paper = directory / "paper"
        name = directory / "tty"
        os.mkfifo(name)
        self.xterm = subprocess.Popen(
            ["xterm", "-display", screen.name, "-geometry", f"{columns}x{rows}+0+0",
             *FONT, *COLOURS, "-xrm", "XTerm*printAttributes: 0",
             "-xrm", f"XTerm*printerCommand: cat >{self.paper}.new && "
                     f"mv {self.paper}.new {self.paper}",
             "-e", "sh", "-c", f"stty raw -echo; tty >{name}; exec sleep 600"],
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": locale},
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.terminal = os.open(_first_line(name), os.O_RDWR | os.O_NOCTTY)

    def close(self):
        os.close(self.terminal)
        self.xterm.kill()
        self.xterm.wait(WAIT_SECONDS)

    def write(self, text):
        """For pexpect: a log of what is read from a program."""
        os.write(self.terminal, text.encode())

    def flush(self):
        """Also for pexpect."""

    def text(self):
        """What is on it, as text."""
        os.write(self.terminal, PRINT + POSITION)
        assert select.select([self.terminal], [], [], WAIT_SECONDS)[0], "xterm does not answer"
        os.read(self.terminal, 100)
        _wait_for(self.paper.exists)
        return self.paper.read_text(encoding="utf-8")

    def scan(self, expected_in_time=True):
        """The QR code on it, as a camera reads it; "" if none can be found."""
        deadline = time.monotonic() + (WAIT_SECONDS if expected_in_time else 0)
        while True:  # what was written may not be painted yet
            pixels = self.screen.pixels()
            for distance in DISTANCES:
                if found := read_code(shrink(pixels, distance)):
                    return found
            if time.monotonic() >= deadline:
                return ""


def _wait_for(condition):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def _first_line(fifo):
    """What is written into it, unless nobody does."""
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with open(reader, encoding="ascii") as file:
        assert select.select([reader], [], [], WAIT_SECONDS)[0], "xterm did not start"
        return file.readline().strip()


def shrink(pixels, n):
    """The mean of each n by n pixels."""
    if n == 1:
        return pixels
    rows = []
    for y in range(0, len(pixels) - n + 1, n):
        columns = [sum(column) for column in zip(*pixels[y:y + n])]
        rows.append(bytes(sum(block) // (n * n)
                          for block in zip(*(columns[x::n] for x in range(n)))))
    return rows


def read_code(pixels):
    """What zbar finds in a picture."""
    picture = b"P5 %d %d 255\n" % (len(pixels[0]), len(pixels)) + b"".join(pixels)
    done = subprocess.run(["zbarimg", "-q", "--nodbus", "--raw", "--oneshot", "-Sdisable",
                           "-Sqrcode.enable", "-"], input=picture, stdout=subprocess.PIPE,
                          check=False)
    return done.stdout.decode().rstrip("\n")
