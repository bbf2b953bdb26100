"""Section 0: may and can the tool look at all?"""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, Cause, codes, do
from academy_ops.messages import say

_WHO: Final = "aws sts get-caller-identity"

ACCESS: Final = (
    Cause(
        "aws-keys-are-r2-keys",
        "0",
        say("AWS_ACCESS_KEY_ID holds the R2 access key: AWS refuses it, and the API can't reach SQS with it."),
        states=NO_JOB_OR_PENDING,
        explains=codes("aws-credentials-invalid"),
        remedies=(
            do(
                say("Put the AWS key pair into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; R2 keys belong in R2_*."),
                verify=_WHO,
                risk="change",
            ),
        ),
    ),
    Cause(
        "aws-credentials-missing",
        "0",
        say("No AWS credentials were found, so nothing at AWS could be looked at."),
        remedies=(
            do(
                say("Sign in, choose a profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."),
                command="aws configure sso",
                verify=_WHO,
            ),
        ),
        blinds=True,
    ),
    Cause(
        "aws-credentials-invalid",
        "0",
        say("AWS rejected the credentials, or they have expired."),
        remedies=(do(say("Renew the session, or replace the keys."), command="aws sso login", verify=_WHO),),
        blinds=True,
    ),
    Cause(
        "aws-wrong-account",
        "0",
        say("The credentials belong to another AWS account than ACADEMY_AWS_ACCOUNT_ID."),
        # In another account nothing of the academy is there.
        explains=codes(
            "queue-missing", "asg-missing", "worker-env-missing", "worker-queue-mismatch", "worker-r2-mismatch"
        ),
        remedies=(do(say("Choose the academy account's profile or keys."), verify=_WHO),),
        blinds=True,
    ),
    Cause(
        "aws-unreachable",
        "0",
        say("AWS did not answer; the network, a proxy or AWS_ENDPOINT_URL stands in the way."),
        remedies=(
            do(
                say("Check the network and proxy of this machine, and AWS_ENDPOINT_URL."),
                verify=_WHO,
            ),
        ),
        blinds=True,
    ),
    Cause(
        "clock-skew",
        "0",
        say("This machine's clock is wrong, so AWS refuses its signatures."),
        remedies=(do(say("Set the clock, then try again."), command="sudo chronyc makestep", risk="change"),),
        blinds=True,
    ),
)
