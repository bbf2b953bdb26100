"""What keeps a worker from SQS or R2: the same reasons, with the same remedies, wherever it shows."""

from collections.abc import Mapping

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import Rows, Variant, variant
from academy_ops.diagnosis.catalogue.inside_workers import edit, replace_workers, set_clock
from academy_ops.diagnosis.command import Steps
from academy_ops.messages import Text


def connection_reasons(service: str, look: Steps, rows: Rows) -> Mapping[str, Variant]:
    """Return the reasons why a worker gets no connection to ``service``; ``look`` shows there who answers."""

    def about(sentence: str) -> Text:
        return Text(sentence, {"service": service})

    return {
        "no-route": variant(
            about("The workers can't connect to {service}."),
            rows.change(
                about(
                    "Restore the route from the workers' subnet to {service}: a NAT gateway, or a VPC "
                    "endpoint whose security group allows port 443. The command lists the VPC endpoints."
                ),
                commands.ENDPOINTS,
            ),
        ),
        "untrusted": variant(
            about(
                "The workers don't trust the certificate at {service}'s address: a proxy or firewall "
                "intercepts their TLS connections, or their CA list is outdated or missing."
            ),
            rows.read(
                about(
                    "Check who issued it. If it is a proxy or firewall of the network, exclude {service} "
                    "from interception there, or add its CA to the worker image."
                ),
                look,
            ),
            edit(
                "If AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE in the workers' parameter points "
                "to a file that is not in the image, or to one without that CA, correct it."
            ),
            replace_workers(rows),
        ),
        "clock": variant(
            about("The clock of the workers' instance is wrong, so {service}'s certificate is not accepted as valid."),
            *set_clock(rows),
        ),
        "tls": variant(
            about("The workers get no TLS connection to {service}: something else responds, or drops the connection."),
            rows.read(
                about(
                    "Check what responds at {service}'s address: a proxy, a VPC endpoint without private DNS "
                    "names, or an address that does not belong to {service}."
                ),
                look,
            ),
        ),
        "proxy": variant(
            about("The proxy in the workers' environment blocks connections to {service}."),
            edit("Correct HTTPS_PROXY in the workers' parameter, or add the hosts that need no proxy to NO_PROXY."),
            replace_workers(rows),
        ),
    }
