"""Section 0: may and can the tool look at all?"""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.autoscaler import AUTOSCALER
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, Rows, codes, variant
from academy_ops.diagnosis.catalogue.queue import QUEUE
from academy_ops.diagnosis.catalogue.workers import WORKERS
from academy_ops.diagnosis.command import aws, command
from academy_ops.messages import say

_ROWS: Final = Rows("0", command("<ops> check access"), inconclusive=True, steps=commands.CONFIG)
_cause, _change, _to_change = _ROWS.cause, _ROWS.change, _ROWS.to_change

_SIGN_IN: Final = _change("Get a new session.", command("aws sso login --profile <sso_profile>"))

_INVALID: Final = {
    "malformed": _to_change(
        "The AWS access key ID, secret key or session token contains quotes or whitespace.",
        "Remove them where the keys are set; the command shows where. Docker's --env-file and "
        "set in cmd.exe keep quotes as part of the value.",
    ),
    "swapped": _to_change(
        "AWS_ACCESS_KEY_ID contains the secret key, and AWS_SECRET_ACCESS_KEY contains the "
        "access key ID (AKIA... or ASIA...).",
        "Swap the two values where they are set. You don't need new keys.",
    ),
    "login": _to_change(
        "The profile uses aws login, and its session has expired or can't be read here.",
        "Sign in again. If the AWS message asks for botocore[crt], install it in the same environment as "
        "academy-ops, or set the profile's credential_process to aws configure export-credentials.",
        command("aws login --profile <profile>"),
    ),
    "session-token": _to_change(
        "A session token is set with a permanent key (AKIA...), so AWS rejects both.",
        "Remove AWS_SESSION_TOKEN, which is left over from another session, or set all three "
        "values of one session (ASIA...).",
    ),
    "no-session-token": _to_change(
        "The access key is a session key (ASIA...), but its session token is missing.",
        "Set AWS_SESSION_TOKEN from the same session as the two keys.",
    ),
    "mfa": _to_change(
        "The profile's role requires an MFA code, and academy-ops never prompts for one.",
        "Enter the code in the AWS CLI. It caches the session, and academy-ops uses that session.",
        aws("sts get-caller-identity --profile <profile>"),
    ),
    "expired": variant(
        "The AWS session has expired.",
        _SIGN_IN,
        _change("Get new session keys and replace the old ones; the command shows where those are set."),
    ),
    "process": _to_change(
        "The profile's credential_process returns no credentials.",
        "Run the credential_process command yourself, and fix it or sign in if it asks you to. "
        "academy-ops runs it without a terminal and waits only a few seconds.",
        command("aws configure get credential_process --profile <profile>"),
    ),
    "config": _to_change(
        "The AWS config file, or the profile in it, can't be used.",
        "Correct the file or profile named in the AWS message, or set AWS_PROFILE to another profile.",
    ),
    "container": _to_change(
        "The environment points to a container's credentials endpoint, which returns no credentials.",
        "Inside a container, check its task role or pod identity. Elsewhere, remove the "
        "AWS_CONTAINER_CREDENTIALS_* variables, or set AWS_PROFILE to a profile with keys.",
        commands.CREDENTIALS,
    ),
    "role": _to_change(
        "AWS does not allow the profile to assume its role.",
        "Add the identity in the AWS message to the role's trust policy, and allow "
        "sts:AssumeRole on the role in that identity's policy; or use another role.",
        command("aws configure get role_arn --profile <profile>"),
    ),
    "account": variant(
        "AWS does not serve this account: it is not activated, or is suspended.",
        _change(
            "Have the account's owner complete its activation and payment in the AWS console, or contact AWS Support.",
            commands.CREDENTIALS,
        ),
    ),
    "web-identity": _to_change(
        "The web identity token can't be read, or AWS rejects it.",
        "Write a new token to the file set in AWS_WEB_IDENTITY_TOKEN_FILE or the profile. If AWS "
        "rejects the new token too, correct the role's trust policy.",
    ),
}

_LOCAL_AWS: Final = _to_change(
    "The requests go to a local emulator of AWS, such as LocalStack (account 000000000000), instead of AWS.",
    "Remove AWS_ENDPOINT_URL, or the profile's endpoint_url, and use the academy's credentials. The command shows "
    "where they are set.",
)

ACCESS: Final = (
    _cause(
        "aws-keys-are-r2-keys",
        "AWS_ACCESS_KEY_ID contains the R2 access key. AWS rejects it, so the API can't use SQS either.",
        "The AWS access key ID in use is the same as R2_ACCESS_KEY.",
        (commands.CREDENTIALS, commands.CONFIG),
        _change(
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to an AWS key pair; R2 keys belong in the R2_* settings."
        ),
        explains=codes("aws-credentials-invalid"),
        states=NO_JOB_OR_PENDING,
        inconclusive=False,
        reasons={
            "profile": _to_change(
                "The AWS profile in use contains the R2 access key, so AWS rejects it.",
                "Put an AWS key pair in the profile, or set AWS_PROFILE to another profile; R2 keys "
                "belong in R2_ACCESS_KEY and R2_SECRET_KEY. The command shows which profile is in use.",
                command("aws configure list --profile <profile>"),
            )
        },
    ),
    _cause(
        "aws-credentials-missing",
        "No AWS credentials were found, so nothing in AWS could be checked.",
        "There are no credentials in the environment, the env file, a profile or this machine's role.",
        (commands.CREDENTIALS,),
        _change(
            "Sign in, choose a profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            command("aws configure sso"),
        ),
    ),
    _cause(
        "aws-credentials-invalid",
        "AWS rejected the credentials, or they have expired.",
        "STS reports an unknown key, a wrong signature or an expired token, or the profile in "
        "use returns no credentials.",
        (commands.WHO, commands.CREDENTIALS),
        _SIGN_IN,
        _change("If you use access keys, replace the ones that AWS rejected; the command shows where they are set."),
        reasons=_INVALID,
    ),
    _cause(
        "aws-wrong-account",
        "The credentials are for a different AWS account than ACADEMY_AWS_ACCOUNT_ID.",
        "STS returns an account other than ACADEMY_AWS_ACCOUNT_ID. If that setting is blank, the "
        "account is not compared.",
        (commands.WHO, commands.CONFIG),
        _change("Use a profile or keys of the academy account.", commands.CREDENTIALS, commands.WHO),
        # In another account nothing of the academy is there, or another academy: a rehearsal of it, say.
        explains=codes(
            *(row.code for row in (*QUEUE, *WORKERS, *AUTOSCALER)),
            "aws-wrong-region",
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
        reasons={
            "local-aws": _LOCAL_AWS,
            "not-an-account": _to_change(
                "ACADEMY_AWS_ACCOUNT_ID is not an AWS account number.",
                "Set ACADEMY_AWS_ACCOUNT_ID to the academy account's 12 digits.",
            ),
        },
    ),
    _cause(
        "aws-wrong-region",
        "None of the academy's resources exist in this AWS region; the region setting is wrong.",
        "The queue, the Auto Scaling group, the autoscaler function and the workers' parameter are all missing, "
        "and no permission was denied. Or AWS can't be reached, and the region setting is an availability zone, "
        "not a region name at all, or a region without an address. Or AWS rejects the keys in this region only.",
        (commands.CONFIG, commands.QUEUES, commands.GROUP),
        _change("Set AWS_REGION to the academy's region; the command shows where the current value is set."),
        explains=codes("queue-missing", "asg-missing", "autoscaler-off", "worker-env-missing"),
        reasons={
            "zone": _to_change(
                "AWS_REGION is set to an availability zone, not a region.",
                say(
                    "Set AWS_REGION to {meant}; the command shows where the current value is set.",
                    meant=say("the region: the zone name without its last letter"),
                ),
            ),
            "no-such-region": _to_change(
                "AWS has no address for the region in AWS_REGION, although other hosts on the internet respond.",
                "Correct the name (for example ap-northeast-2); the command shows where the current value is set.",
            ),
            "local-aws": _LOCAL_AWS,
            "not-enabled": _to_change(
                "AWS rejects these credentials in this region only: the account has not enabled it, it belongs to "
                "another partition (China, GovCloud), or the session token is not valid in it.",
                "Set AWS_REGION to the academy's region. If this is it, have it enabled for the account, or "
                "get the session from this region's STS. The command shows where the current value is set.",
            ),
            "not-a-region": _to_change(
                "AWS_REGION is not a valid region name.",
                "Set AWS_REGION to a region name such as ap-northeast-2, without quotes; the command "
                "shows where the current value is set.",
            ),
        },
    ),
    _cause(
        "aws-unreachable",
        "AWS did not respond; the network, a proxy or AWS_ENDPOINT_URL is in the way.",
        "The request to STS failed: no DNS address, connection refused, TLS failure, or no response within 8 seconds.",
        (commands.REACH_AWS, commands.CONFIG),
        _ROWS.read("Check this machine's network, proxy and AWS_ENDPOINT_URL.", commands.REACH_AWS, commands.WHO),
    ),
    _cause(
        "clock-skew",
        "This machine's clock is wrong, so AWS rejects its signatures.",
        "AWS reports that the signature's time is too far off; it allows 5 minutes. A difference "
        "of {clock_wrong_seconds} seconds or more from the Date header of the servers is a "
        "warning, and ages are then based on the servers' clocks.",
        (command("date -u"), command("curl -sSI --max-time 10 https://sts.<region>.amazonaws.com")),
        _change("Set the clock, then try again.", command("sudo chronyc makestep")),
    ),
)
