# SPDX-License-Identifier: MIT
"""Whom the pool lets try a password, and what follows from a right or a wrong one."""

from . import users
from .errors import not_authorized, not_confirmed, reset_required, user_not_found


def find_user(pool, client, name):
    """The user of this name if a sign-in may be tried; for an unknown one an invented user."""
    user = pool.directory.sign_in_name(name)
    if user is None:
        if client.hides_unknown_users:
            return users.simulated(pool.simulation_key, name)
        raise user_not_found()
    if not user.enabled:
        raise not_authorized("User is disabled.")
    if user.password_lock.is_locked(pool.clock.now()):
        raise not_authorized("Password attempts exceeded")
    if user.status == users.RESET_REQUIRED:
        raise reset_required()
    return user


def check_confirmed(user):
    if user.status == users.UNCONFIRMED:
        raise not_confirmed()


def check_password(pool, user, correct):
    """Count a failure or clear the lock-out; then what the user's state forbids."""
    now = pool.clock.now()
    if user.password_lock.is_locked(now):
        raise not_authorized("Password attempts exceeded")
    if not correct or not user.has_password:
        user.password_lock.fail(now)
        raise not_authorized()
    user.password_lock.clear()
    check_confirmed(user)
    lifetime = pool.settings.temporary_password_days * 86400
    if user.status == users.FORCE_CHANGE_PASSWORD and now >= user.password_set_at + lifetime:
        raise not_authorized("Temporary password has expired and must be reset by an "
                             "administrator.")
