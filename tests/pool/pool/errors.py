# SPDX-License-Identifier: MIT
"""Errors as the service names them. The texts are those seen from real pools."""


class ApiError(Exception):
    """An error reply: the service's exception name, its text and the HTTP status."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def not_authorized(message="Incorrect username or password."):
    return ApiError("NotAuthorizedException", message)


def invalid_parameter(message):
    return ApiError("InvalidParameterException", message)


def missing_parameter(name):
    return invalid_parameter(f"Missing required parameter {name}")


def not_confirmed():
    return ApiError("UserNotConfirmedException", "User is not confirmed.")


def reset_required():
    return ApiError("PasswordResetRequiredException", "Password reset required for the user")


def user_not_found():
    return ApiError("UserNotFoundException", "User does not exist.")
