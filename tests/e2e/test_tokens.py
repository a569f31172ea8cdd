# SPDX-License-Identifier: MIT
"""Promise 1: only verified tokens let anyone in; and the key set they are verified with."""

import json
import os

import pytest

import host as private_host

CALL = {"operation": "InitiateAuth"}
KEYS = {"path": "*/jwks.json"}
DAY = 86400
UNAVAILABLE = "PAM_AUTHINFO_UNAVAIL"

WAYS = ["wrong-signature", "alg-none", "alg-hs256", "foreign-key", "unknown-kid", "other-client",
        "other-pool", "expired", "not-yet-valid", "no-expiry", "wrong-use"]
HEADERS = [{"alg": "none"}, {"alg": "None"}, {"alg": "RS384"}, {"alg": "PS256"}, {"alg": None},
           {"crit": ["exp"]}, {"b64": False}, {"kid": None}, {"kid": "../../etc/passwd"},
           {"kid": "' or 1=1"}, {"kid": "k" * 10000}, {"kid": 1}]
# Headers that point to a key of the sender's: not looked at, and the genuine key verifies.
IGNORED_HEADERS = [{"jku": "https://127.0.0.1:1/keys"}, {"x5u": "https://127.0.0.1:1/x"},
                   {"typ": "JWT"}]
CLAIMS = [{"exp": "never"}, {"exp": -1}, {"exp": 1.5e308}, {"iss": None}, {"iss": ""},
          {"aud": None}, {"aud": []}, {"token_use": None}, {"token_use": "refresh"},
          {"sub": None}, {"sub": ""}, {"sub": 1}]
OTHER_USERS = [{"cognito:username": "bob"}, {"cognito:username": "Alice"},
               {"cognito:username": "alice "}, {"cognito:username": "al\u0131ce"},
               {"cognito:username": None}]


def tamper(pool, **options):
    pool.admin("POST", "faults", {"kind": "tamper", "match": CALL, "count": None, **options})


@pytest.mark.parametrize("token", ["id", "both"])
@pytest.mark.parametrize("how", WAYS)
def test_forged(app, host, pool, how, token):
    tamper(pool, how=how, token=token)
    assert app("alice").status() == UNAVAILABLE
    assert host.log.decision()["sub"] == "-"


def test_swapped(app, pool):
    tamper(pool, how="swapped")
    assert app("alice").status() == UNAVAILABLE


@pytest.mark.parametrize("header", HEADERS, ids=lambda value: str(value)[:40])
def test_header(app, pool, header):
    tamper(pool, header=header)
    assert app("alice").status() == UNAVAILABLE


@pytest.mark.parametrize("header", IGNORED_HEADERS, ids=lambda value: str(value)[:40])
def test_header_is_not_followed(app, pool, header):
    tamper(pool, header=header)
    assert app("alice").status() in ("PAM_SUCCESS", UNAVAILABLE)
    assert pool.requests()["connections"] == 1


@pytest.mark.parametrize("claims", CLAIMS, ids=lambda value: str(value)[:40])
def test_claims(app, pool, claims):
    tamper(pool, claims=claims, token="id")
    assert app("alice").status() == UNAVAILABLE


@pytest.mark.parametrize("claims", OTHER_USERS, ids=lambda value: str(value)[:40])
def test_somebody_else(app, pool, claims):
    tamper(pool, claims=claims, token="id")
    assert app("alice").status() in ("PAM_PERM_DENIED", UNAVAILABLE)


def test_email_must_be_verified(app, host, pool):
    host.configure(pool, identity_claim="email", username_format="%u@example.com")
    assert app("judy").status() == "PAM_SUCCESS"
    tamper(pool, claims={"email_verified": False}, token="id")
    assert app("judy").status() == "PAM_PERM_DENIED"
    tamper(pool, claims={"email_verified": "true"}, token="id")
    assert app("judy").status() == "PAM_PERM_DENIED"


# The key set

def cache_file(host):
    found = list(host.path(private_host.CACHE).glob("*.jwks"))
    assert len(found) == 1
    return found[0]


def key_requests(pool):
    return [entry for entry in pool.requests()["requests"] if entry["path"].endswith("jwks.json")]


@pytest.fixture
def unasked(host):
    """Sign-ins without a question, so without the GET that warms a connection meanwhile."""
    host.pam("e2e", "auth optional pam_unix.so nodelay",
             "auth [success=ok default=die] pam_cognito.so use_first_pass")


def test_cache_file_is_ours_alone(app, host):
    app("alice")
    for path in host.path(private_host.CACHE).iterdir():
        if path.name == "store-made":
            continue  # root's
        found = path.stat()
        assert (found.st_mode & 0o7777, found.st_nlink) == (0o600, 1)
        assert found.st_uid == private_host.people.RUN_AS.uid
    directory = host.path(private_host.CACHE).stat()
    assert (directory.st_mode & 0o7777, directory.st_uid) == (0o700, private_host.people.RUN_AS.uid)


@pytest.mark.usefixtures("unasked")
def test_rotated_key(app, pool):
    """A new key is fetched once and then known."""
    app("alice")
    pool.admin("POST", "rotate-keys", {"keepOld": True})
    pool.admin("DELETE", "requests")
    assert app("alice").status() == "PAM_SUCCESS"
    assert app("alice").status() == "PAM_SUCCESS"
    assert len(key_requests(pool)) == 1


@pytest.mark.usefixtures("unasked")
def test_unknown_kids_fetch_once(app, pool):
    app("alice")
    pool.admin("DELETE", "requests")
    tamper(pool, how="unknown-kid")
    for _ in range(4):
        assert app("alice").status() == UNAVAILABLE
    assert len(key_requests(pool)) == 1


@pytest.mark.usefixtures("unasked")
def test_unpublished_key_refuses(app, pool):
    app("alice")
    pool.admin("POST", "rotate-keys", {"keepOld": True, "publish": False})
    assert app("alice").status() == UNAVAILABLE


def age_cache(host, days):
    path = cache_file(host)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["fetched_at"] -= int(days * DAY)
    document["refetched_at"] = 0
    path.write_text(json.dumps(document), encoding="utf-8")


def keys_out_of_order(pool):
    pool.admin("POST", "faults", {"kind": "status", "status": 500, "match": KEYS, "count": None})


# Age of the cached keys in days, whether the pool's key set can be had, result, requests for it.
AGES = [
    (0.5, True, "PAM_SUCCESS", 0),
    (0.5, False, "PAM_SUCCESS", 0),
    (1.5, True, "PAM_SUCCESS", 1),
    (6.5, False, "PAM_SUCCESS", None),
    (7.5, False, UNAVAILABLE, None),
    (7.5, True, "PAM_SUCCESS", 1),
    (-2, True, "PAM_SUCCESS", 1),  # from the future: not believed
]


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize("days, reachable, code, requests", AGES)
def test_age_of_keys(app, host, pool, days, reachable, code, requests):
    app("alice")
    age_cache(host, days)
    if not reachable:
        keys_out_of_order(pool)
    pool.admin("DELETE", "requests")
    assert app("alice").status() == code
    assert requests is None or len(key_requests(pool)) == requests


def test_no_keys_at_all(app, pool):
    keys_out_of_order(pool)
    assert app("alice").status() == UNAVAILABLE


BAD_KEY_SETS = ["", "null", "[]", "{}", '{"keys":{}}', '{"keys":[]}', '{"keys":[{}]}',
                '{"keys":[{"kty":"RSA","kid":"x","n":"AQAB","e":"AQAB"}]}']


@pytest.mark.parametrize("body", BAD_KEY_SETS)
def test_bad_key_set(app, pool, body):
    pool.admin("POST", "faults", {"kind": "raw", "body": body, "match": KEYS, "count": None})
    assert app("alice").status() == UNAVAILABLE


# What lies where the cache file should be. The sign-in goes on; nothing is followed or changed.

SHADOW = "/etc/shadow"


def as_symlink(path, kept):
    path.symlink_to(SHADOW)


def as_symlink_to_itself_elsewhere(path, kept):
    other = path.with_name("other")
    other.write_bytes(kept)
    path.symlink_to("other")


def as_hard_link(path, kept):
    path.write_bytes(kept)
    os.chown(path, private_host.people.RUN_AS.uid, private_host.people.RUN_AS.gid)
    path.chmod(0o600)
    os.link(path, path.with_name("other"))


def as_fifo(path, kept):
    os.mkfifo(path, 0o600)
    os.chown(path, private_host.people.RUN_AS.uid, private_host.people.RUN_AS.gid)


def as_directory(path, kept):
    path.mkdir()


def world_readable(path, kept):
    path.write_bytes(kept)
    os.chown(path, private_host.people.RUN_AS.uid, private_host.people.RUN_AS.gid)
    path.chmod(0o644)


def of_root(path, kept):
    path.write_bytes(kept)
    path.chmod(0o600)


def own(data):
    def write(path, kept):
        path.write_bytes(data(kept))
        os.chown(path, private_host.people.RUN_AS.uid, private_host.people.RUN_AS.gid)
        path.chmod(0o600)
    return write


BAD_CACHES = {
    "symlink": as_symlink,
    "symlink to a good one": as_symlink_to_itself_elsewhere,
    "hard link": as_hard_link,
    "fifo": as_fifo,
    "directory": as_directory,
    "world-readable": world_readable,
    "owned by root": of_root,
    "empty": own(lambda kept: b""),
    "half": own(lambda kept: kept[:len(kept) // 2]),
    "garbage": own(lambda kept: os.urandom(500)),
    "one byte off": own(lambda kept: kept[:-1] + b"x"),
    "huge": own(lambda kept: b" " * 10_000_000),
    "another issuer": own(lambda kept: kept.replace(b"https:", b"https;")),
    "no keys": own(lambda kept: json.dumps({**json.loads(kept), "document": "{}"}).encode()),
}


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize("make", BAD_CACHES.values(), ids=BAD_CACHES)
def test_bad_cache(app, host, pool, make):
    app("alice")
    path = cache_file(host)
    kept = path.read_bytes()
    shadow = host.path(SHADOW).read_bytes()
    path.unlink()
    make(path, kept)
    pool.admin("DELETE", "requests")
    assert app("alice").status() == "PAM_SUCCESS"
    assert len(key_requests(pool)) == 1
    assert host.path(SHADOW).read_bytes() == shadow


def as_world_writable(directory):
    directory.chmod(0o777)


def as_of_alice(directory):
    os.chown(directory, 2001, 2001)


def as_a_link(directory):
    directory.rename(directory.with_name("elsewhere"))
    directory.symlink_to("elsewhere")


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize("make", [as_world_writable, as_of_alice, as_a_link])
def test_bad_cache_directory(app, host, pool, make):
    """Not used at all, and the sign-in goes on."""
    app("alice")
    make(host.path(private_host.CACHE))
    pool.admin("DELETE", "requests")
    assert app("alice").status() == "PAM_SUCCESS"
    assert len(key_requests(pool)) == 1
    host.run("rm", "-rf", private_host.CACHE, "/var/cache/elsewhere")


def test_unwritable_cache_directory_costs_no_sign_in(app, host):
    host.path("/var/cache/pam_cognito").write_text("a file", encoding="utf-8")
    assert app("alice").status() == "PAM_SUCCESS"
