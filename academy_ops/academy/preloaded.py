"""What the clients of the API and the workers import and decode: for a process that these are forked from."""

import boto3

from academy_ops.contract import REGION

for _service in ("s3", "sqs"):
    # The keys sign nothing: with them, none are looked for yet.
    boto3.client(_service, region_name=REGION, aws_access_key_id="-", aws_secret_access_key="-")  # noqa: S106 - none
