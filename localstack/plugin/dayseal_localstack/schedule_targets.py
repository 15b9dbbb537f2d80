"""One delivery of a schedule: its input to its target, or in the end to its dead-letter queue."""

import dataclasses
import json
import logging
import uuid
from datetime import datetime

LOG = logging.getLogger(__name__)


@dataclasses.dataclass
class Delivery:
    schedule_arn: str
    target: dict  # as given to CreateSchedule
    account: str
    region: str
    scheduled: datetime
    attempt: int = 1
    execution_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))

    def input(self):
        """What the target gets: the schedule's input with its context attributes filled in.

        https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
        """
        text = self.target.get("Input")
        if text is None:
            return json.dumps({
                "version": "0",
                "id": self.execution_id,
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": self.account,
                "time": timestamp(self.scheduled),
                "region": self.region,
                "resources": [self.schedule_arn],
                "detail": "{}",
            })
        for name, value in {
            "schedule-arn": self.schedule_arn,
            "scheduled-time": timestamp(self.scheduled),
            "execution-id": self.execution_id,
            "attempt-number": str(self.attempt),
        }.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def send(self):
        """Raises what the target's service answers."""
        arn, body = self.target["Arn"], self.input()
        service = arn.split(":")[2]
        clients = self._clients()
        if service == "lambda":
            # Without waiting, as Scheduler does: the function's own errors are retried by Lambda and end
            # in the function's dead-letter queue, never in the schedule's.
            clients.lambda_.invoke(FunctionName=arn, InvocationType="Event", Payload=body)
        elif service == "sns":
            clients.sns.publish(TopicArn=arn, Message=body)
        elif service == "sqs":
            clients.sqs.send_message(QueueUrl=_queue_url(clients, arn), MessageBody=body)
        elif service == "events":
            parameters = self.target["EventBridgeParameters"]
            clients.events.put_events(Entries=[{
                "EventBusName": arn,
                "Source": parameters["Source"],
                "DetailType": parameters["DetailType"],
                "Detail": body,
            }])
        else:
            raise NotImplementedError(f"target {arn}: only lambda, sns, sqs and events are carried out here")

    def bury(self, error, exhausted):
        """To the dead-letter queue, if there is one; `exhausted` names the limit that was reached."""
        LOG.warning("schedule %s: given up after attempt %d: %s", self.schedule_arn, self.attempt, error)
        arn = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        if not arn:
            return
        code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
        attributes = {
            "ERROR_CODE": code,
            "ERROR_MESSAGE": str(error),
            "EXECUTION_ID": self.execution_id,
            "EXHAUSTED_RETRY_CONDITION": exhausted,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(self.attempt - 1),
            "SCHEDULED_TIME": timestamp(self.scheduled),
            "SCHEDULE_ARN": self.schedule_arn,
            "TARGET_ARN": self.target["Arn"],
        }
        clients = self._clients()
        clients.sqs.send_message(
            QueueUrl=_queue_url(clients, arn),
            MessageBody=self.input(),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )

    def _clients(self):
        from localstack.aws.connect import connect_to

        return connect_to(aws_access_key_id=self.account, region_name=self.region)


def timestamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _queue_url(clients, arn):
    account, name = arn.split(":")[4:6]
    return clients.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
