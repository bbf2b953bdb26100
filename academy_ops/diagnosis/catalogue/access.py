"""Section 0: may and can the tool look at all?"""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, Rows, Variant, codes
from academy_ops.diagnosis.catalogue.queue import QUEUE
from academy_ops.diagnosis.catalogue.workers import WORKERS
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import say
from academy_ops.thresholds import FIGURES

_ROWS: Final = Rows("0", command("<ops> check access"), inconclusive=True)
_cause, _change = _ROWS.cause, _ROWS.change

_SIGN_IN: Final = _change(say("Renew the session."), command("aws sso login --profile <sso_profile>"))

_INVALID: Final = {
    "malformed": Variant(
        say("The AWS key id, secret or session token is written with quotes or white space, which belong to none."),
        (
            _change(
                say(
                    "Take them out where the keys are set; the command shows where that is. Docker's --env-file and "
                    "cmd's set keep quotes as a part of the value."
                ),
                commands.CONFIG,
            ),
        ),
    ),
    "swapped": Variant(
        say("AWS_ACCESS_KEY_ID holds the secret, and AWS_SECRET_ACCESS_KEY the key id (AKIA... or ASIA...)."),
        (_change(say("Swap the two where they are set; they need not be made anew."), commands.CONFIG),),
    ),
    "login": Variant(
        say("The profile signs in with aws login, and its session is over or can't be read here."),
        (
            _change(
                say(
                    "Sign in again. Where AWS's words ask for botocore[crt], install that beside academy-ops, or let "
                    "the profile's credential_process be aws configure export-credentials."
                ),
                command("aws login --profile <profile>"),
            ),
        ),
    ),
    "session-token": Variant(
        say("A session token stands beside a permanent key (AKIA...), so AWS refuses both."),
        (
            _change(
                say(
                    "Remove AWS_SESSION_TOKEN, which is left from another session; or set all three values of a "
                    "session (ASIA...) together."
                ),
                commands.CONFIG,
            ),
        ),
    ),
    "no-session-token": Variant(
        say("The key is a session's (ASIA...), and its session token is missing."),
        (_change(say("Set AWS_SESSION_TOKEN beside the two keys; it comes from the same session."), commands.CONFIG),),
    ),
    "mfa": Variant(
        say("The profile's role needs the code of an MFA device, and nobody is asked for one here."),
        (
            _change(
                say("Type the code there: the AWS CLI keeps the session, and academy-ops takes it from there."),
                command("aws sts get-caller-identity --region <region> --profile <profile>"),
            ),
        ),
    ),
    "expired": Variant(
        say("The AWS session has expired."),
        (
            _SIGN_IN,
            _change(
                say("Get new keys for a session, and put them in the place of the old ones, which the command shows."),
                commands.CONFIG,
            ),
        ),
    ),
    "process": Variant(
        say("The profile's credential_process gives no credentials."),
        (
            _change(
                say(
                    "Run the command of credential_process by hand, and mend it or sign in where it says so. Here it "
                    "has no terminal to ask on, and a few seconds."
                ),
                command("aws configure get credential_process --profile <profile>"),
            ),
        ),
    ),
    "config": Variant(
        say("AWS's config file, or the profile in it, can't be used."),
        (
            _change(
                say("Correct the file or profile that AWS's words name; AWS_PROFILE picks another."), commands.CONFIG
            ),
        ),
    ),
    "role": Variant(
        say("AWS does not let the profile take its role."),
        (
            _change(
                say(
                    "Let the role's trust policy name the identity in AWS's words, and that identity's policy allow "
                    "sts:AssumeRole on the role; or use another role."
                ),
                command("aws configure get role_arn --profile <profile>"),
            ),
        ),
    ),
    "web-identity": Variant(
        say("The web identity's token can't be read, or AWS does not take it."),
        (
            _change(
                say(
                    "Have a new token written to the file that AWS_WEB_IDENTITY_TOKEN_FILE or the profile names; where "
                    "AWS refuses a new one, too, correct the role's trust policy."
                ),
                commands.CONFIG,
            ),
        ),
    ),
}

ACCESS: Final = (
    _cause(
        "aws-keys-are-r2-keys",
        say("AWS_ACCESS_KEY_ID holds the R2 access key: AWS refuses it, and the API can't reach SQS with it."),
        say("The AWS access key id in force equals R2_ACCESS_KEY."),
        (commands.CREDENTIALS, commands.CONFIG),
        _change(
            say("Put the AWS key pair into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; R2 keys belong in R2_*."),
            commands.CONFIG,
        ),
        explains=codes("aws-credentials-invalid"),
        states=NO_JOB_OR_PENDING,
        inconclusive=False,
        reasons={
            "profile": Variant(
                say("The AWS profile in force holds the R2 access key: AWS refuses it."),
                (
                    _change(
                        say(
                            "Put the AWS key pair into the profile, or choose another with AWS_PROFILE; R2 keys belong "
                            "in R2_ACCESS_KEY and R2_SECRET_KEY. The command shows which profile it is."
                        ),
                        command("aws configure list --profile <profile>"),
                    ),
                ),
            ),
        },
    ),
    _cause(
        "aws-credentials-missing",
        say("No AWS credentials were found, so nothing at AWS could be checked."),
        say("There are none in the environment, the env file, a profile, or a role of this machine."),
        (commands.CREDENTIALS,),
        _change(
            say("Sign in, choose a profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."),
            command("aws configure sso"),
        ),
    ),
    _cause(
        "aws-credentials-invalid",
        say("AWS rejected the credentials, or they have expired."),
        say(
            "STS answers that it does not know the key, that the signature is wrong, or that the token has expired; or "
            "the profile in force can't give credentials."
        ),
        (commands.WHO, commands.CREDENTIALS),
        _SIGN_IN,
        _change(
            say("Where keys are in force, replace those that AWS rejected; the command shows where they come from."),
            commands.CONFIG,
        ),
        reasons=_INVALID,
    ),
    _cause(
        "aws-wrong-account",
        say("The credentials belong to another AWS account than ACADEMY_AWS_ACCOUNT_ID."),
        say("STS names another account than ACADEMY_AWS_ACCOUNT_ID. Where that is not set, nothing is compared."),
        (commands.WHO, commands.CONFIG),
        Remedy(
            say("Choose the academy account's profile or keys."), command("aws configure list-profiles"), commands.WHO
        ),
        # In another account nothing of the academy is there, or another academy: a rehearsal of it, say.
        explains=codes(
            *(row.code for row in (*QUEUE, *WORKERS)),
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
    ),
    _cause(
        "aws-wrong-region",
        say("Nothing of the academy is in this AWS region: the tool looks at the wrong one."),
        say(
            "The queue, the group, the autoscaler's function and the workers' parameter are absent; none was denied. "
            "Or AWS is not reached, and the region's name is an availability zone's, can't be one or has no address."
        ),
        (commands.CONFIG, commands.QUEUES, commands.GROUP),
        _change(
            say("Set AWS_REGION to the academy's region; the command shows where the one in force comes from."),
            commands.CONFIG,
        ),
        explains=codes("queue-missing", "asg-missing", "autoscaler-off", "worker-env-missing"),
        reasons={
            "zone": Variant(
                say("AWS_REGION holds an availability zone, and no region has that name."),
                (
                    _change(
                        say(
                            "Set AWS_REGION to {meant}; the command shows where the one in force comes from.",
                            meant=say("the region, which is the zone without its last letter"),
                        ),
                        commands.CONFIG,
                    ),
                ),
            ),
            "no-such-region": Variant(
                say("AWS has no address for the region in AWS_REGION, while something else outside did answer."),
                (
                    _change(
                        say(
                            "Correct the name, as in ap-northeast-2; the command shows where the one in force comes "
                            "from."
                        ),
                        commands.CONFIG,
                    ),
                ),
            ),
            "not-a-region": Variant(
                say("AWS_REGION holds what can't be the name of a region."),
                (
                    _change(
                        say(
                            "Set AWS_REGION to the region's name as in ap-northeast-2, without quotes; the command "
                            "shows where the one in force comes from."
                        ),
                        commands.CONFIG,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "aws-unreachable",
        say("AWS did not answer; the network, a proxy or AWS_ENDPOINT_URL prevents it."),
        say("STS could not be asked: no address, connection refused, TLS failure, or no answer within 8 seconds."),
        (commands.REACH_AWS, commands.CONFIG),
        Remedy(
            say("Check the network and proxy of this machine, and AWS_ENDPOINT_URL."), commands.REACH_AWS, commands.WHO
        ),
    ),
    _cause(
        "clock-skew",
        say("This machine's clock is wrong, so AWS refuses its signatures."),
        say(
            "AWS answers that the signature's time is too far off; it allows 5 minutes. A warning where the clock "
            "differs from the Date of the servers' answers by {clock_wrong_seconds} seconds or more: every age is then "
            "counted by theirs.",
            **FIGURES,
        ),
        (command("date -u"), command("curl -sSI --max-time 10 https://sts.<region>.amazonaws.com")),
        _change(say("Set the clock, then try again."), command("sudo chronyc makestep")),
    ),
)
