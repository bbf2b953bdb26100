"""The IAM users of the lab, made within moto: nobody could sign a request for them yet."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.models import iam_backends

from academy_ops.lab import names
from academy_ops.lab.state import Keys


def create_users() -> dict[str, Keys]:
    """Make the operator, the API, the workers and the autoscaler, each with its own key, and one for the lab itself."""
    return {
        "lab": create_user("academy-lab", _allowing("*")),
        "operator": create_user("academy-operator", _allowing("*")),
        "api": create_user("academy-api", _allowing("sqs:*")),
        "worker": create_user("academy-worker", _allowing("sqs:*", "ssm:GetParameter")),
        "autoscaler": create_user("academy-autoscaler", _allowing("sqs:Get*", "autoscaling:*")),
    }


def create_user(name: str, policy: dict[str, Any]) -> Keys:
    """Make an IAM user with one policy and one key."""
    backend = iam_backends[names.ACCOUNT]["aws"]
    backend.create_user(names.REGION, name)
    backend.put_user_policy(name, "lab", json.dumps(policy))
    key = backend.create_access_key(name)
    return Keys(key.access_key_id, key.secret_access_key)


def _allowing(*actions: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }
