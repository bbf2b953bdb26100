"""What keeps a worker from SQS or R2: the same reasons, with the same remedies, wherever it shows."""

from __future__ import annotations

from collections.abc import Mapping

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import Rows, Variant
from academy_ops.diagnosis.command import Steps
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import say


def no_way_to(service: str, look: Steps, rows: Rows) -> Mapping[str, Variant]:
    """Return the reasons why a worker gets no connection.

    Args:
        service: What it does not reach.
        look: The command that shows, on the worker's instance, who answers there.
        rows: The section that they are told in.
    """
    replace = rows.change(
        say("Then replace the worker instances; the parameter is read at boot only. Jobs in progress start over."),
        commands.REPLACE_INSTANCES,
    )
    return {
        "no-route": Variant(
            say("The workers can't reach {service}: their connections to it fail.", service=service),
            (
                rows.read(
                    say(
                        "Give the workers' subnet its way to {service} back: the route to a NAT gateway, or the VPC "
                        "endpoint with a security group that lets port 443 in. The command shows which VPC endpoints "
                        "there are.",
                        service=service,
                    ),
                    commands.ENDPOINTS,
                ),
            ),
        ),
        "untrusted": Variant(
            say(
                "The workers don't trust the certificate that they are shown at {service}'s address: a proxy or "
                "firewall opens their TLS connections, or their list of CAs is outdated or missing.",
                service=service,
            ),
            (
                rows.read(
                    say(
                        "See who has signed it. Where that is a proxy or firewall of the network, have it leave "
                        "{service} alone, or put its CA into the worker's image.",
                        service=service,
                    ),
                    look,
                ),
                Remedy(
                    say(
                        "Where AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE in the workers' parameter name a "
                        "file that the image lacks, or one without that CA, correct them."
                    ),
                    commands.EDIT_WORKER_ENV,
                    commands.WORKER_ENV,
                    "change",
                ),
                replace,
            ),
        ),
        "clock": Variant(
            say(
                "The clock of the workers' instance is wrong, so {service}'s certificate does not count as valid.",
                service=service,
            ),
            (
                rows.change(say("Set the instance's clock by its time server."), commands.SET_CLOCK),
                rows.read(say("See on the instance whether its time is right now."), commands.WORKER_CLOCK),
            ),
        ),
        "tls": Variant(
            say("No TLS connection to {service} comes about: something else answers, or breaks off.", service=service),
            (
                rows.read(
                    say(
                        "See who answers at {service}'s address: a proxy, a VPC endpoint without private DNS names, or "
                        "an address that is not {service}'s.",
                        service=service,
                    ),
                    look,
                ),
            ),
        ),
        "proxy": Variant(
            say(
                "The proxy that the workers' environment names does not let them through to {service}.", service=service
            ),
            (
                Remedy(
                    say(
                        "Correct HTTPS_PROXY in the workers' parameter, or name in NO_PROXY what is to be asked "
                        "without it."
                    ),
                    commands.EDIT_WORKER_ENV,
                    commands.WORKER_ENV,
                    "change",
                ),
                replace,
            ),
        ),
    }
