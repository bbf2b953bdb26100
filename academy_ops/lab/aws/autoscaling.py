"""Auto Scaling as AWS does it where moto does not: bounds, suspended processes, failing launches, activities.

moto launches within the request, whatever the bounds and the suspended processes say, and records nothing. Here a
request only sets what is desired; `Scaling.reconcile` launches and terminates, and records each as an activity.
"""

import copy
import threading
import time
import uuid
from collections import deque
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, ClassVar, Final

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState, autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models.instances import MetadataOptions

from academy_ops.contract import GROUP_NAME, REGION
from academy_ops.lab.aws import resources
from academy_ops.lab.state import ACCOUNT

_KEPT_ACTIVITIES: Final = 100
_WHOLE: Final = 100
_RETRY_SECONDS: Final = 15.0
_CONTAINER_HOPS: Final = 2
"""How far a container on a bridge network is from the metadata service."""
_COUNTED: Final = frozenset({"InService", "Pending", "Pending:Wait", "Pending:Proceed", "Terminating:Wait"})
"""Lifecycle states of instances that count towards the desired capacity."""


class Scaling:
    """What the service does between two requests.

    Attributes:
        backend: The groups, kept by moto.
        launch_failure: Why every launch fails from now on, in EC2's words; None when launches succeed.
        policies_enabled: Whether the groups' scaling policies are enabled.
    """

    def __init__(self) -> None:
        self.backend: Final[AutoScalingBackend] = autoscaling_backends[ACCOUNT][REGION]
        self.launch_failure: str | None = None
        self.policies_enabled = True
        self.lock = threading.RLock()
        self._activities: dict[str, deque[dict[str, Any]]] = {}
        self._refreshes: dict[str, deque[dict[str, Any]]] = {}
        self._known: dict[str, list[str]] = {}
        self._requests: dict[str, str] = {}
        self._failed_at: dict[str, float] = {}
        self._replaced: set[str] = set()

    def reconcile(self) -> None:
        """Bring every group to its desired capacity, as far as its suspended processes allow."""
        with self.lock:
            for group in list(self.backend.autoscaling_groups.values()):
                self._replace_unhealthy(group)
                self._scale(group)
                self._record_changes(group)

    def record_refresh(self, group_name: str, status: str = "Successful", percent: int = 100, reason: str = "") -> str:
        """Record an instance refresh, one that has replaced every instance unless it says otherwise; return its id."""
        now, refresh_id = datetime.now(UTC), str(uuid.uuid4())
        done: dict[str, Any] = {
            "InstanceRefreshId": refresh_id,
            "AutoScalingGroupName": group_name,
            "Status": status,
            "StartTime": now,
            "EndTime": None if status.endswith(("Progress", "Pending")) else now,
            "PercentageComplete": percent,
            "InstancesToUpdate": 0 if percent == _WHOLE else 1,
            "StatusReason": reason or None,
        }
        done = {name: value for name, value in done.items() if value is not None}
        self._refreshes.setdefault(group_name, deque(maxlen=_KEPT_ACTIVITIES)).appendleft(done)
        return refresh_id

    def split_versions(self) -> None:
        """Let the newest of the workers' instances be of the launch template's next version."""
        state = self._states()[-1]
        group = copy.copy(self.backend.autoscaling_groups[GROUP_NAME])
        group.ec2_launch_template = copy.copy(group.ec2_launch_template)
        if group.ec2_launch_template:
            group.ec2_launch_template.default_version_number += 1
        state.auto_scaling_group = group

    def refreshes(self, group_name: str) -> list[dict[str, Any]]:
        """Return a group's instance refreshes, newest first."""
        with self.lock:
            return list(self._refreshes.get(group_name, ()))

    def try_again(self) -> None:
        """Launch at once what is missing, as after the time between two tries."""
        with self.lock:
            self._failed_at.clear()
            self.reconcile()

    def activities(self, group_name: str) -> list[dict[str, Any]]:
        """Return a group's activities, newest first."""
        with self.lock:
            return list(self._activities.get(group_name, ()))

    def instances(self) -> dict[str, str]:
        """Return the workers' instances with their private IP addresses."""
        with self.lock:
            return {state.instance_id: str(state.instance.private_ip) for state in self._states()}

    def age_instances(self, seconds: int, names: Collection[str] | None = None) -> None:
        """Make the workers' instances older: all of them, or those of ``names``."""
        for state in self._states():
            if names is None or state.instance_id in names:
                state.instance.launch_time -= timedelta(seconds=seconds)

    def age_activities(self, seconds: int) -> None:
        """Make what the groups have done so far older."""
        with self.lock:
            for activity in chain.from_iterable(self._activities.values()):
                activity["StartTime"] -= timedelta(seconds=seconds)

    def set_lifecycle(self, lifecycle_state: str) -> None:
        """Put the workers' instances into a lifecycle state."""
        for state in self._states():
            state.lifecycle_state = lifecycle_state

    def gives_credentials(self, instance_id: str) -> bool:
        """Return whether a container on a bridge network gets its instance's role from the metadata service."""
        instance = self.backend.ec2_backend.get_instance(instance_id)
        options = instance.metadata_options
        reached = options.http_tokens != "required" or int(options.http_put_response_hop_limit) >= _CONTAINER_HOPS
        return bool(instance.iam_instance_profile) and options.http_endpoint != "disabled" and reached

    def replace_instances(self) -> None:
        """Let the workers' instances fail their health check, and the group launch others."""
        for state in self._states():
            state.health_status = "Unhealthy"
        self.reconcile()

    def restore(self, unbooted: Collection[str], generation: int) -> None:
        """Let the workers' group be as it was made, and its instances be in service; those ``unbooted`` are replaced.

        Instances that were stopped run again, and have their metadata service and their profile; no activity is known.
        """
        with self.lock:
            self.launch_failure, self.policies_enabled = None, True
            self._activities.clear()
            self._failed_at.clear()
            self._refreshes.clear()
            self.backend.lifecycle_hooks.clear()
            group = self.backend.autoscaling_groups[GROUP_NAME]
            group.suspended_processes = []
            group.min_size, group.max_size = resources.min_size(generation), resources.MAX_SIZE
            self.set_desired(group, resources.DESIRED)
            for state in self._states():
                state.lifecycle_state = "InService"
                state.auto_scaling_group = group
                state.health_status = "Unhealthy" if state.instance_id in unbooted else "Healthy"
                state.instance.metadata_options = MetadataOptions()
                if state.instance.state == "stopped":
                    state.instance.start()
                if not state.instance.iam_instance_profile:
                    self._attach_profile(group, state.instance_id)
            self.reconcile()

    def set_desired(self, group: FakeAutoScalingGroup, desired: int) -> None:
        """Set the desired capacity on a user's request."""
        if desired != group.desired_capacity:
            self._requests[group.name] = (
                f"At {_stamp()} a user request explicitly set group desired capacity changing the desired capacity "
                f"from {group.desired_capacity} to {desired}.  "
            )
            self._failed_at.pop(group.name, None)
            group.desired_capacity = desired

    def terminate(self, group: FakeAutoScalingGroup, states: list[InstanceState]) -> None:
        """Take instances out of a group and end them; what replaces them is for `reconcile`."""
        if states:
            group.instance_states = [state for state in group.instance_states if state not in states]
            self.backend.ec2_backend.terminate_instances([state.instance_id for state in states])

    def _states(self) -> list[InstanceState]:
        group = self.backend.autoscaling_groups.get(GROUP_NAME)
        return list(group.instance_states) if group else []

    def _replace_unhealthy(self, group: FakeAutoScalingGroup) -> None:
        suspended = _suspended(group)
        if not suspended & {"ReplaceUnhealthy", "Terminate", "HealthCheck"}:
            unhealthy = [state for state in group.instance_states if state.health_status == "Unhealthy"]
            self._replaced.update(state.instance_id for state in unhealthy)
            self.terminate(group, unhealthy)

    def _scale(self, group: FakeAutoScalingGroup) -> None:
        missing = (group.desired_capacity or 0) - sum(
            state.lifecycle_state in _COUNTED for state in group.instance_states
        )
        suspended = _suspended(group)
        if missing < 0 and "Terminate" not in suspended:
            unprotected = [instance for instance in group.active_instances() if not instance.protected_from_scale_in]
            self.terminate(group, unprotected[:-missing])
        elif missing > 0 and "Launch" not in suspended:
            if self.launch_failure is None:
                group.replace_autoscaling_group_instances(missing, group.get_propagated_tags())
            elif time.monotonic() - self._failed_at.get(group.name, -_RETRY_SECONDS) >= _RETRY_SECONDS:
                self._failed_at[group.name] = time.monotonic()
                self._record_failure(group, self.launch_failure)

    def _record_changes(self, group: FakeAutoScalingGroup) -> None:
        now = [state.instance_id for state in group.instance_states]
        before = self._known.get(group.name, [])
        self._known[group.name] = now
        started = [instance_id for instance_id in now if instance_id not in before]
        gone = [instance_id for instance_id in before if instance_id not in now]
        if not started and not gone:
            return
        request = self._requests.pop(group.name, "")
        for instance_id in gone:
            self._record(
                group,
                f"Terminating EC2 instance: {instance_id}",
                f"{request}At {_stamp()} an instance was taken out of service in response to "
                + (
                    "a user health-check.  "
                    if instance_id in self._replaced
                    else "a difference between desired and actual capacity, shrinking the capacity from "
                    f"{len(before)} to {len(now)}.  "
                )
                + f"At {_stamp()} instance {instance_id} was selected for termination.",
            )
        for instance_id in started:
            self._attach_profile(group, instance_id)
            self._record(
                group, f"Launching a new EC2 instance: {instance_id}", request + _started(len(before), len(now))
            )

    def _attach_profile(self, group: FakeAutoScalingGroup, instance_id: str) -> None:
        """Give an instance the profile that the launch template names; moto leaves it out."""
        template = group.ec2_launch_template
        profile = template.latest_version().data.get("IamInstanceProfile") if template else None
        ec2 = self.backend.ec2_backend
        # One that was launched before, and is only taken back into service, has its own already.
        has_one = {association.instance.id for association in ec2.iam_instance_profile_associations.values()}
        if profile and instance_id not in has_one:
            ec2.associate_iam_instance_profile(instance_id, iam_instance_profile_name=profile["Name"])

    def _record_failure(self, group: FakeAutoScalingGroup, reason: str) -> None:
        actual = len(group.instance_states)
        self._record(
            group,
            f"Launching a new EC2 instance.  Status Reason: {reason} Launching EC2 instance failed.",
            self._requests.pop(group.name, "") + _started(actual, group.desired_capacity or 0),
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
    """The requests that moto answers otherwise than AWS; ``scaling`` carries them out."""

    scaling: ClassVar[Scaling]

    def set_desired_capacity(self) -> ActionResult:
        """Refuse what is out of bounds; else set it."""
        group, desired = self._group(), self._get_int_param("DesiredCapacity")
        if desired > (group.max_size or 0):
            raise ValidationError(_outside(desired, "above max", group.max_size))
        if desired < (group.min_size or 0):
            raise ValidationError(_outside(desired, "below min", group.min_size))
        with self.scaling.lock:
            self.scaling.set_desired(group, desired)
            self.scaling.reconcile()
        return EmptyResult()

    def update_auto_scaling_group(self) -> ActionResult:
        """Set bounds and desired capacity; the lab's groups have nothing else to change."""
        group = self._group()
        low = self._get_int_param("MinSize", group.min_size or 0)
        high = self._get_int_param("MaxSize", group.max_size or 0)
        desired = self._get_int_param("DesiredCapacity")
        if low > high:
            raise ValidationError("Max bound, must be greater than or equal to min bound, " + str(low))
        if desired is not None and not low <= desired <= high:
            raise ValidationError(
                f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
            )
        with self.scaling.lock:
            group.min_size, group.max_size = low, high
            if desired is None:
                desired = min(high, max(low, group.desired_capacity or 0))
            self.scaling.set_desired(group, desired)
            self.scaling.reconcile()
        return EmptyResult()

    def terminate_instance_in_auto_scaling_group(self) -> ActionResult:
        """Take one instance out; the group replaces it, unless the desired capacity goes down with it."""
        instance_id = self._get_param("InstanceId")
        groups = self.autoscaling_backend.autoscaling_groups.values()
        found = [
            (group, state) for group in groups for state in group.instance_states if state.instance_id == instance_id
        ]
        if not found:
            raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
        group, state = found[0]
        with self.scaling.lock:
            if self._get_bool_param("ShouldDecrementDesiredCapacity", if_none=False):
                self.scaling.set_desired(group, (group.desired_capacity or 0) - 1)
            self.scaling.terminate(group, [state])
            self.scaling.reconcile()
            ended = f"Terminating EC2 instance: {instance_id}"
            activity = next(
                activity for activity in self.scaling.activities(group.name) if activity["Description"] == ended
            )
        return ActionResult({"Activity": activity})

    def complete_lifecycle_action(self) -> ActionResult:
        """Let an instance that waits on a hook go on: into service or to its end, as it was on its way."""
        group, instance_id = self._group(), self._get_param("InstanceId")
        state = next((state for state in group.instance_states if state.instance_id == instance_id), None)
        if state is None or not state.lifecycle_state.endswith(":Wait"):
            raise ValidationError(f"No active Lifecycle Action found with instance ID {instance_id}")
        with self.scaling.lock:
            goes_on = self._get_param("LifecycleActionResult") == "CONTINUE"
            if goes_on and state.lifecycle_state.startswith("Pending"):
                state.lifecycle_state = "InService"
            else:
                self.scaling.terminate(group, [state])
            self.scaling.reconcile()
        return EmptyResult()

    def start_instance_refresh(self) -> ActionResult:
        """Replace every instance, all at once."""
        group = self._group()
        with self.scaling.lock:
            self.scaling.terminate(group, group.instance_states)
            self.scaling.reconcile()
            refresh_id = self.scaling.record_refresh(group.name)
        return ActionResult({"InstanceRefreshId": refresh_id})

    def describe_instance_refreshes(self) -> ActionResult:
        """Return those that were started, newest first; each has ended by then."""
        found = self.scaling.refreshes(self._group().name)
        return ActionResult({"InstanceRefreshes": found[: self._get_int_param("MaxRecords", _KEPT_ACTIVITIES)]})

    def describe_policies(self) -> ActionResult:
        """Return the policies, with the alarms that carry them out and whether they do, which moto leaves out."""
        self._group()
        alarms = list(cloudwatch_backends[ACCOUNT][REGION].alarms.values())
        for policy in self.autoscaling_backend.policies.values():
            mine = [alarm for alarm in alarms if policy.arn in (alarm.alarm_actions or ())]
            vars(policy)["alarms"] = [{"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn} for alarm in mine]
            vars(policy)["enabled"] = self.scaling.policies_enabled
        return super().describe_policies()

    def describe_scaling_activities(self) -> ActionResult:
        """Return what was recorded, newest first."""
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
