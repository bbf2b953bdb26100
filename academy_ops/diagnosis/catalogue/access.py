"""Section 0: may and can the tool look at all?"""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, Cause, codes, remedy
from academy_ops.diagnosis.catalogue.queue import QUEUE
from academy_ops.diagnosis.catalogue.workers import WORKERS
from academy_ops.messages import say

_CHECK: Final = "{ops} check access"
_SAME_KEY: Final = '[ "$AWS_ACCESS_KEY_ID" = "$R2_ACCESS_KEY" ] && echo same'
_ACCOUNT: Final = f"{commands.WHO} --query Account --output text"
_NETWORK: Final = "env | grep -iE '^(aws_endpoint_url|https?_proxy|no_proxy)='"

ACCESS: Final = (
    Cause(
        "aws-keys-are-r2-keys",
        "0",
        say("AWS_ACCESS_KEY_ID holds the R2 access key: AWS refuses it, and the API can't reach SQS with it."),
        say("The AWS access key id in force equals R2_ACCESS_KEY."),
        look=(_SAME_KEY, commands.CREDENTIALS),
        states=NO_JOB_OR_PENDING,
        explains=codes("aws-credentials-invalid"),
        remedies=(
            remedy(
                say("Put the AWS key pair into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; R2 keys belong in R2_*."),
                "grep -noE '^(AWS|R2)_[A-Z_]*KEY[A-Z_]*=' {env_file}",
                _CHECK,
                "change",
            ),
        ),
    ),
    Cause(
        "aws-credentials-missing",
        "0",
        say("No AWS credentials were found, so nothing at AWS could be looked at."),
        say("There are none in the environment, in the env file, in a profile, or as a role of this machine."),
        look=(commands.CREDENTIALS,),
        remedies=(
            remedy(
                say("Sign in, choose a profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."),
                "aws configure sso",
                _CHECK,
                "change",
            ),
        ),
        inconclusive=True,
    ),
    Cause(
        "aws-credentials-invalid",
        "0",
        say("AWS rejected the credentials, or they have expired."),
        say("STS answers that it does not know the key, that the signature is wrong, or that the token has expired."),
        look=(commands.WHO, commands.CREDENTIALS),
        remedies=(
            remedy(say("Renew the session."), "aws sso login --profile {sso_profile}", _CHECK, "change"),
            remedy(
                say("Where keys are in force, replace those that AWS rejected; the command tells where they stand."),
                commands.CREDENTIALS,
                _CHECK,
                "change",
            ),
        ),
        inconclusive=True,
    ),
    Cause(
        "aws-wrong-account",
        "0",
        say("The credentials belong to another AWS account than ACADEMY_AWS_ACCOUNT_ID."),
        say("STS names another account than ACADEMY_AWS_ACCOUNT_ID. Where that is not set, nothing is compared."),
        look=(_ACCOUNT, "grep -n '^ACADEMY_AWS_ACCOUNT_ID=' {env_file}"),
        # In another account nothing of the academy is there, or another academy: a rehearsal of it, say.
        explains=codes(
            *(row.code for row in (*QUEUE, *WORKERS)),
            "ssm-offline",
            "worker-docker-down",
            "worker-container-missing",
            "worker-container-exited",
            "worker-crash-loop",
            "worker-env-missing",
            "worker-env-stale",
            "worker-queue-mismatch",
            "worker-r2-mismatch",
            "worker-aws-credentials",
            "worker-queue-denied",
        ),
        remedies=(
            remedy(say("Choose the academy account's profile or keys."), "aws configure list-profiles", _ACCOUNT),
        ),
        inconclusive=True,
    ),
    Cause(
        "aws-unreachable",
        "0",
        say("AWS did not answer; the network, a proxy or AWS_ENDPOINT_URL stands in the way."),
        say("STS could not be asked: no address, connection refused, TLS failure, or no answer within 8 seconds."),
        look=(commands.REACH_AWS, _NETWORK),
        remedies=(
            remedy(
                say("Check the network and proxy of this machine, and AWS_ENDPOINT_URL."),
                _NETWORK,
                commands.WHO,
            ),
        ),
        inconclusive=True,
    ),
    Cause(
        "clock-skew",
        "0",
        say("This machine's clock is wrong, so AWS refuses its signatures."),
        say("AWS answers that the signature's time is too far off; it allows 5 minutes."),
        look=("date -u", "curl -sSI --max-time 10 https://sts.{region}.amazonaws.com | grep -i '^date'"),
        remedies=(remedy(say("Set the clock, then try again."), "sudo chronyc makestep", _CHECK, "change"),),
        inconclusive=True,
    ),
)
