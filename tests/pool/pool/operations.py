# SPDX-License-Identifier: MIT
"""The API operations. An operation is a function and a row in OPERATIONS."""

from . import challenges, client_proof, devices, enrolment, flows, grants, passwords
from .errors import ApiError


def initiate_auth(pool, body):
    return flows.initiate(pool, client_proof.find_client(pool, body["ClientId"]), body)


def respond_to_auth_challenge(pool, body):
    return challenges.respond(pool, client_proof.find_client(pool, body["ClientId"]), body)


def get_tokens_from_refresh_token(pool, body):
    if pool.settings.get_tokens_refusal:
        raise ApiError(pool.settings.get_tokens_refusal,
                       "GetTokensFromRefreshToken is not available")
    client = client_proof.find_client(pool, body["ClientId"])
    client_proof.check_raw_secret(client, body.get("ClientSecret"))
    now = pool.clock.now()
    token = pool.grants.redeem(body["RefreshToken"], client, now)
    result = flows.refreshed(pool, token, body.get("DeviceKey"))
    if client.settings.refresh_token_rotation:
        result["RefreshToken"] = pool.grants.rotate(token, now)
    return {"AuthenticationResult": result}


def revoke_token(pool, body):
    client = client_proof.find_client(pool, body["ClientId"])
    client_proof.check_raw_secret(client, body.get("ClientSecret"), _unauthorized)
    if not client.settings.enable_token_revocation:
        raise ApiError("UnsupportedOperationException",
                       f"Revocation is not enabled for the client: {client.id}")
    if body["Token"].count(".") == 2:
        raise ApiError("UnsupportedTokenTypeException", "Unsupported token type")
    token = pool.grants.refresh_tokens.get(body["Token"])
    if token and token.grant.client is not client:
        raise _unauthorized("Token was issued to another client")
    if token:
        token.grant.revoked = True
    return {}


def _unauthorized(message):
    return ApiError("UnauthorizedException", message)


def get_user(pool, body):
    user = grants.grant_of_access_token(pool, body["AccessToken"]).user
    attributes = [{"Name": name, "Value": value} for name, value in user.all_attributes().items()]
    reply = {"Username": user.username, "UserAttributes": attributes}
    if user.mfa:
        reply["UserMFASettingList"] = list(user.mfa)
    if user.mfa_challenge():
        reply["PreferredMfaSetting"] = user.mfa_challenge()
    return reply


def global_sign_out(pool, body):
    grant = grants.grant_of_access_token(pool, body["AccessToken"])
    pool.grants.revoke_user(grant.user)
    return {}


OPERATIONS = {
    "InitiateAuth": initiate_auth,
    "RespondToAuthChallenge": respond_to_auth_challenge,
    "GetTokensFromRefreshToken": get_tokens_from_refresh_token,
    "RevokeToken": revoke_token,
    "AssociateSoftwareToken": enrolment.associate,
    "VerifySoftwareToken": enrolment.verify,
    "ConfirmDevice": devices.confirm,
    "UpdateDeviceStatus": devices.update_status,
    "ForgetDevice": devices.forget,
    "ChangePassword": passwords.change,
    "ForgotPassword": passwords.forgot,
    "ConfirmForgotPassword": passwords.confirm_forgot,
    "GetUser": get_user,
    "GlobalSignOut": global_sign_out,
}
