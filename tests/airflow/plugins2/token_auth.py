"""Airflow 2: a login by `Authorization: Token <key>`, the header that Datacoves' My Airflow takes.

The environment variable API_KEYS holds `key:user,key:user`. Any other header is left to the next backend.
"""
import hmac
import os
from functools import wraps

from airflow.www.extensions.init_auth_manager import get_auth_manager
from flask import Response, request
from flask_login import login_user

CLIENT_AUTH = None


def init_app(_app):
    """Nothing to prepare; Airflow calls it."""


def user_of_key():
    """The user of the request's key, None without a known key."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "token":
        return None
    for pair in os.environ.get("API_KEYS", "").split(","):
        key, _, name = pair.partition(":")
        if key and hmac.compare_digest(key.encode(), given.strip().encode()):
            return get_auth_manager().security_manager.find_user(username=name)
    return None


def requires_authentication(function):
    """Airflow's decorator for API functions."""

    @wraps(function)
    def decorated(*args, **kwargs):
        user = user_of_key()
        if user is None:
            return Response("Unauthorized", 401)
        login_user(user, remember=False)
        return function(*args, **kwargs)

    return decorated
