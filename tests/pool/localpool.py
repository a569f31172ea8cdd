# SPDX-License-Identifier: MIT
"""Start the local pool from Python tests, call its API and its admin interface.

    with LocalPool() as pool:
        pool.call("InitiateAuth", {...})          # (status, reply)
        pool.admin("POST", "users/bob", {"enabled": False})
        pool.requests()["connections"]
"""

import http.client
import json
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

SERVE = Path(__file__).resolve().parent / "serve"
START_SECONDS = 20


class LocalPool:
    def __init__(self, directory=None, *options):
        self.own_directory = directory is None
        self.dir = Path(directory or tempfile.mkdtemp(prefix="pool-"))
        self.options = options
        self.process = None
        self.info = None

    def start(self):
        ready = self.dir / "pool.json"
        ready.unlink(missing_ok=True)
        self.process = subprocess.Popen([SERVE, "--dir", self.dir, *self.options])
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("the local pool did not start")
            time.sleep(0.02)
        self.info = json.loads(ready.read_text(encoding="utf-8"))
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        if self.own_directory:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def refuse_connections(self):
        """Stop listening until accept_connections(); everything else is kept."""
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)

    def accept_connections(self):
        self.process.send_signal(signal.SIGUSR2)
        time.sleep(0.2)

    @property
    def ca_file(self):
        return self.dir / "ca.pem"

    @property
    def issuer_path(self):
        return f"/{self.info['userPoolId']}"

    def client_id(self, name="public"):
        return self.info["clients"][name]["id"]

    def client_secret(self):
        return self.info["clients"]["confidential"]["secret"]

    def user(self, name):
        return self.info["users"][name]

    def connect(self, timeout=30):
        """A fresh HTTPS connection to the pool, trusting its own authority."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        address = urlsplit(self.info["endpoint"])
        return http.client.HTTPSConnection("127.0.0.1", address.port, context=context,
                                           timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body bytes) of one request on a connection of its own."""
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def call(self, operation, body):
        """One API call: (status, reply)."""
        headers = {"Content-Type": "application/x-amz-json-1.1",
                   "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}"}
        status, _, reply = self.request("POST", "/", json.dumps(body), headers)
        return status, json.loads(reply)

    def admin(self, method, path, body=None):
        """One call of the admin interface; its reply, or an error if it was refused."""
        text = None if body is None else json.dumps(body)
        status, _, reply = self.request(method, f"/_admin/{path}", text)
        reply = json.loads(reply)
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status} {reply}")
        return reply

    def requests(self):
        return self.admin("GET", "requests")

    def reset(self):
        return self.admin("POST", "reset", {})
