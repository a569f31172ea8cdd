# SPDX-License-Identifier: MIT
"""What the caller of su has in his environment reaches nothing of ours."""

import pytest

import host as private_host
from localpool import LocalPool
from tcp import serve

KEY_LOG = "/tmp/keylog"
ENGINE = "/tmp/evil.cnf"


class Listener:
    """A port that counts who knocks."""

    def __init__(self):
        self.count = 0
        self.port = None

    def __call__(self, connection):
        self.count += 1


@pytest.fixture
def listener():
    counter = Listener()
    with serve(counter) as counter.port:
        yield counter


def su(host, password, environment):
    return host.converse(["su", "alice", "-c", "echo in as $(id -un)"],
                         [("Password: ", password("alice"))], as_user="keyadmin",
                         environment=environment)


def test_no_proxy_is_contacted(host, password, listener):
    url = f"http://127.0.0.1:{listener.port}"
    names = ("https_proxy", "http_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY")
    assert "in as alice" in su(host, password, {name: url for name in names})
    assert listener.count == 0


@pytest.mark.parametrize("link", [False, True])
def test_no_key_log_is_written(host, password, link):
    target = host.path("/etc/security/root-file")
    target.write_text("untouched", encoding="utf-8")
    if link:
        host.path(KEY_LOG).symlink_to("/etc/security/root-file")
    try:
        assert "in as alice" in su(host, password, {"SSLKEYLOGFILE": KEY_LOG})
        assert target.read_text(encoding="utf-8") == "untouched"
        assert link or not host.path(KEY_LOG).exists()
    finally:
        host.path(KEY_LOG).unlink(missing_ok=True)
        target.unlink()


@pytest.fixture(scope="module")
def attackers_pool():
    """A server with a certificate by an authority of the attacker's own."""
    with LocalPool(None, "--log-requests") as pool:
        yield pool


AUTHORITIES = [{"SSL_CERT_FILE": "/tmp/evil-ca.pem"},
               {"CURL_CA_BUNDLE": "/tmp/evil-ca.pem"},
               {"SSL_CERT_DIR": "/tmp/evil-certs"},
               {"SSL_CERT_FILE": "/tmp/evil-ca.pem", "CURL_CA_BUNDLE": "/tmp/evil-ca.pem",
                "SSL_CERT_DIR": "/tmp/evil-certs", "CURL_SSL_BACKEND": "gnutls"}]


@pytest.mark.parametrize("environment", AUTHORITIES, ids=lambda names: "+".join(names))
@pytest.mark.parametrize("ca_file", ["ours", "default"])
def test_an_authority_of_the_callers_is_not_believed(host, pool, password, attackers_pool,
                                                     environment, ca_file):
    ca = attackers_pool.ca_file.read_text(encoding="utf-8")
    host.write("/tmp/evil-ca.pem", ca)
    host.path("/tmp/evil-certs").mkdir(exist_ok=True)
    host.write("/tmp/evil-certs/ca.pem", ca)
    host.run("openssl", "rehash", "/tmp/evil-certs")
    host.configure(pool, endpoint=attackers_pool.info["endpoint"],
                   ca_file=private_host.POOL_CA if ca_file == "ours" else None)
    outcome = su(host, password, environment)
    assert "in as" not in outcome
    assert host.log.decision()["code"] == "PAM_AUTHINFO_UNAVAIL"
    assert attackers_pool.requests()["requests"] == []


@pytest.mark.parametrize("environment", AUTHORITIES, ids=lambda names: "+".join(names))
def test_the_pool_is_still_believed(host, password, environment):
    assert "in as alice" in su(host, password, environment)


def test_no_openssl_configuration_is_read(host, password):
    """One that would break TLS if it were read."""
    host.write(ENGINE, "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = evil\n"
                       "[evil]\nMinProtocol = TLSv1.3\nMaxProtocol = TLSv1.2\n"
                       "CipherString = NULL-MD5\n")
    environment = {"OPENSSL_CONF": ENGINE, "OPENSSL_MODULES": "/tmp", "OPENSSL_ENGINES": "/tmp",
                   "OPENSSL_ia32cap": "0", "LD_PRELOAD": "/tmp/evil.so", "LD_LIBRARY_PATH": "/tmp",
                   "LD_AUDIT": "/tmp/evil.so", "GCONV_PATH": "/tmp", "LOCPATH": "/tmp",
                   "RES_OPTIONS": "attempts:0", "HOSTALIASES": "/tmp/x", "MALLOC_CHECK_": "3"}
    assert "in as alice" in su(host, password, environment)


def test_no_home_is_read(host, password, listener):
    """.netrc and .curlrc of the caller."""
    home = "/tmp/evil-home"
    host.path(home).mkdir(exist_ok=True)
    host.write(f"{home}/.netrc", "default login evil password evil\n")
    host.write(f"{home}/.curlrc", f"proxy = http://127.0.0.1:{listener.port}\ninsecure\n")
    environment = {"HOME": home, "CURL_HOME": home, "XDG_CONFIG_HOME": home,
                   "NETRC": f"{home}/.netrc"}
    assert "in as alice" in su(host, password, environment)
    assert listener.count == 0


def test_netrc_is_not_sent(host, pool, password):
    home = "/tmp/evil-home"
    host.path(home).mkdir(exist_ok=True)
    host.write(f"{home}/.netrc", "machine 127.0.0.1 login evil password evil\n")
    su(host, password, {"HOME": home})
    requests = pool.requests()["requests"]
    assert requests and not [entry for entry in requests if "Authorization" in entry["headers"]]


def test_huge_environment(host, password):
    environment = {f"NAME_{number}": "x" * 100 for number in range(1000)}
    assert "in as alice" in su(host, password, environment)


def test_sudo_that_keeps_the_proxy(host, password, listener):
    """A common line in sudoers hands https_proxy to PAM modules."""
    sudoers = host.path("/etc/sudoers")
    before = sudoers.read_text(encoding="utf-8")
    host.write("/etc/sudoers", 'Defaults env_keep += "https_proxy"\n' + before, 0o440)
    try:
        done = host.run("sudo", "-S", "-k", "id", "-un", as_user="alice",
                        text=password("alice") + "\n",
                        environment={"https_proxy": f"http://127.0.0.1:{listener.port}"})
    finally:
        host.write("/etc/sudoers", before, 0o440)
    assert (done.out, listener.count) == ("root\n", 0)
