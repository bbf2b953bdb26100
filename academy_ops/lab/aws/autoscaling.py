"""Auto Scaling as AWS does it where moto does not: bounds, suspended processes, failing launches, activities.

moto launches within the request, whatever the bounds and the suspended processes say, and records nothing. Here a
request only sets what is desired; `Scaling.reconcile` launches and terminates, and records each as an activity.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState, autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from academy_ops.lab import names

_KEPT_ACTIVITIES: Final = 100
_RETRY_SECONDS: Final = 15.0
_COUNTED: Final = frozenset({"InService", "Pending", "Pending:Wait", "Pending:Proceed", "Terminating:Wait"})
"""Lifecycle states of instances that count towards the desired capacity."""


class Scaling:
    """What the service does between two requests.

    Attributes:
        launch_failure: Why every launch fails from now on, in EC2's words; None when launches succeed.
    """

    def __init__(self) -> None:
        self.launch_failure: str | None = None
        self.lock = threading.RLock()
        self._activities: dict[str, deque[dict[str, Any]]] = {}
        self._known: dict[str, list[str]] = {}
        self._asked: dict[str, str] = {}
        self._failed_at: dict[str, float] = {}
        self._replaced: set[str] = set()

    @property
    def backend(self) -> AutoScalingBackend:
        """The groups, kept by moto."""
        backend: AutoScalingBackend = autoscaling_backends[names.ACCOUNT][names.REGION]
        return backend

    def reconcile(self) -> None:
        """Bring every group to its desired capacity, as far as its suspended processes allow."""
        with self.lock:
            for group in list(self.backend.autoscaling_groups.values()):
                self._replace_unhealthy(group)
                self._scale(group)
                self._record_changes(group)

    def activities(self, group_name: str) -> list[dict[str, Any]]:
        """Return a group's activities, newest first."""
        with self.lock:
            return list(self._activities.get(group_name, ()))

    def forget(self) -> None:
        """Forget every activity."""
        with self.lock:
            self._activities.clear()

    def asked(self, group: FakeAutoScalingGroup, desired: int) -> None:
        """Set the desired capacity on a user's request."""
        if desired != group.desired_capacity:
            self._asked[group.name] = (
                f"At {_stamp()} a user request explicitly set group desired capacity changing the desired capacity "
                f"from {group.desired_capacity} to {desired}.  "
            )
            self._failed_at.pop(group.name, None)
            group.desired_capacity = desired

    def _replace_unhealthy(self, group: FakeAutoScalingGroup) -> None:
        suspended = _suspended(group)
        if not suspended & {"ReplaceUnhealthy", "Terminate", "HealthCheck"}:
            unhealthy = [one for one in group.instance_states if one.health_status == "Unhealthy"]
            self._replaced.update(one.instance_id for one in unhealthy)
            self._terminate(group, unhealthy)

    def _scale(self, group: FakeAutoScalingGroup) -> None:
        missing = (group.desired_capacity or 0) - sum(one.lifecycle_state in _COUNTED for one in group.instance_states)
        suspended = _suspended(group)
        if missing < 0 and "Terminate" not in suspended:
            unprotected = [one for one in group.active_instances() if not one.protected_from_scale_in]
            self._terminate(group, unprotected[:-missing])
        elif missing > 0 and "Launch" not in suspended:
            if self.launch_failure is None:
                group.replace_autoscaling_group_instances(missing, group.get_propagated_tags())
            elif time.monotonic() - self._failed_at.get(group.name, -_RETRY_SECONDS) >= _RETRY_SECONDS:
                self._failed_at[group.name] = time.monotonic()
                self._record_failure(group, self.launch_failure)

    def _terminate(self, group: FakeAutoScalingGroup, states: list[InstanceState]) -> None:
        if states:
            group.instance_states = [one for one in group.instance_states if one not in states]
            self.backend.ec2_backend.terminate_instances([one.instance_id for one in states])

    def _record_changes(self, group: FakeAutoScalingGroup) -> None:
        now = [one.instance_id for one in group.instance_states]
        before = self._known.get(group.name, [])
        self._known[group.name] = now
        started, gone = [one for one in now if one not in before], [one for one in before if one not in now]
        if not started and not gone:
            return
        asked = self._asked.pop(group.name, "")
        for instance_id in gone:
            self._record(
                group,
                f"Terminating EC2 instance: {instance_id}",
                f"{asked}At {_stamp()} an instance was taken out of service in response to "
                + (
                    "a user health-check.  "
                    if instance_id in self._replaced
                    else "a difference between desired and actual capacity, shrinking the capacity from "
                    f"{len(before)} to {len(now)}.  "
                )
                + f"At {_stamp()} instance {instance_id} was selected for termination.",
            )
        for instance_id in started:
            self._record(group, f"Launching a new EC2 instance: {instance_id}", asked + _started(len(before), len(now)))

    def _record_failure(self, group: FakeAutoScalingGroup, reason: str) -> None:
        actual = len(group.instance_states)
        self._record(
            group,
            f"Launching a new EC2 instance.  Status Reason: {reason} Launching EC2 instance failed.",
            self._asked.pop(group.name, "") + _started(actual, group.desired_capacity or 0),
            StatusCode="Failed",
            StatusMessage=f"{reason} Launching EC2 instance failed.",
        )

    def _record(self, group: FakeAutoScalingGroup, description: str, cause: str, **result: str) -> None:
        now = datetime.now(UTC)
        self._activities.setdefault(group.name, deque(maxlen=_KEPT_ACTIVITIES)).appendleft(
            {
                "ActivityId": str(uuid.uuid4()),
                "AutoScalingGroupName": group.name,
                "AutoScalingGroupARN": group.arn,
                "Description": description,
                "Cause": cause,
                "StartTime": now,
                "EndTime": now,
                "StatusCode": "Successful",
                "Progress": 100,
                "Details": "{}",
            }
            | result
        )


class LabAutoScaling(AutoScalingResponse):
    """The requests that moto answers otherwise than AWS.

    Attributes:
        scaling: Through what they act; set by `corrected`.
    """

    scaling: ClassVar[Scaling]

    def set_desired_capacity(self) -> ActionResult:
        """Refuse what is out of bounds; else set it."""
        group, desired = self._group(), self._get_int_param("DesiredCapacity")
        if desired > (group.max_size or 0):
            raise ValidationError(_outside(desired, "above max", group.max_size))
        if desired < (group.min_size or 0):
            raise ValidationError(_outside(desired, "below min", group.min_size))
        with self.scaling.lock:
            self.scaling.asked(group, desired)
            self.scaling.reconcile()
        return EmptyResult()

    def update_auto_scaling_group(self) -> ActionResult:
        """Set bounds and desired capacity; the lab's groups have nothing else to change."""
        group = self._group()
        low = self._get_int_param("MinSize", group.min_size or 0)
        high = self._get_int_param("MaxSize", group.max_size or 0)
        asked = self._get_int_param("DesiredCapacity")
        if low > high:
            raise ValidationError("Max bound, must be greater than or equal to min bound, " + str(low))
        if asked is not None and not low <= asked <= high:
            raise ValidationError(
                f"Desired capacity:{asked} must be between the specified min size:{low} and max size:{high}"
            )
        with self.scaling.lock:
            group.min_size, group.max_size = low, high
            self.scaling.asked(group, asked if asked is not None else min(high, max(low, group.desired_capacity or 0)))
            self.scaling.reconcile()
        return EmptyResult()

    def terminate_instance_in_auto_scaling_group(self) -> ActionResult:
        """Take one instance out; the group replaces it, unless the desired capacity goes down with it."""
        instance_id = self._get_param("InstanceId")
        for group in self.autoscaling_backend.autoscaling_groups.values():
            for state in group.instance_states:
                if state.instance_id == instance_id:
                    return self._terminate(group, state)
        raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")

    def _terminate(self, group: FakeAutoScalingGroup, state: InstanceState) -> ActionResult:
        with self.scaling.lock:
            if self._get_bool_param("ShouldDecrementDesiredCapacity", if_none=False):
                self.scaling.asked(group, (group.desired_capacity or 0) - 1)
            group.instance_states.remove(state)
            self.autoscaling_backend.ec2_backend.terminate_instances([state.instance_id])
            self.scaling.reconcile()
            ended = f"Terminating EC2 instance: {state.instance_id}"
            found = [one for one in self.scaling.activities(group.name) if one["Description"] == ended]
        return ActionResult({"Activity": found[0]})

    def start_instance_refresh(self) -> ActionResult:
        """Replace every instance, all at once."""
        group = self._group()
        with self.scaling.lock:
            states, group.instance_states = group.instance_states, []
            if states:
                self.autoscaling_backend.ec2_backend.terminate_instances([one.instance_id for one in states])
            self.scaling.reconcile()
        return ActionResult({"InstanceRefreshId": str(uuid.uuid4())})

    def describe_scaling_activities(self) -> ActionResult:
        """Tell what was recorded, newest first."""
        if self._get_param("AutoScalingGroupName"):
            groups = [self._group()]
        else:
            groups = list(self.autoscaling_backend.autoscaling_groups.values())
        found = [activity for group in groups for activity in self.scaling.activities(group.name)]
        return ActionResult({"Activities": found[: self._get_int_param("MaxRecords", _KEPT_ACTIVITIES)]})

    def suspend_processes(self) -> ActionResult:
        """Refuse a group that is not there."""
        self._group()
        return super().suspend_processes()

    def resume_processes(self) -> ActionResult:
        """Let the group catch up at once."""
        self._group()
        answer = super().resume_processes()
        self.scaling.reconcile()
        return answer

    def _group(self) -> FakeAutoScalingGroup:
        name = self._get_param("AutoScalingGroupName")
        group: FakeAutoScalingGroup | None = self.autoscaling_backend.autoscaling_groups.get(name)
        if group is None:
            raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
        return group


def corrected(scaling: Scaling) -> type[AutoScalingResponse]:
    """Make the response class that acts through ``scaling``."""
    return type("LabAutoScaling", (LabAutoScaling,), {"scaling": scaling})


def _outside(desired: int, side: str, bound: int | None) -> str:
    return f"New SetDesiredCapacity value {desired} is {side} value {bound} for the AutoScalingGroup."


def _started(before: int, after: int) -> str:
    return (
        f"At {_stamp()} an instance was started in response to a difference between desired and actual capacity, "
        f"increasing the capacity from {before} to {after}."
    )


def _suspended(group: FakeAutoScalingGroup) -> set[str]:
    return {process["ProcessName"] for process in group.suspended_processes}


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
