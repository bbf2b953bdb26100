"""What a chaos run asks of the running lab that no client of its parts could do from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from academy_ops.contract import MAX_RECEIVES
from academy_ops.lab import names

if TYPE_CHECKING:
    from academy_ops.lab.control import Action
    from academy_ops.lab.parts import Lab


def actions(lab: Callable[[], Lab]) -> dict[str, Action]:
    """Return the actions, by name.

    Args:
        lab: Returns the running lab.
    """

    def restart(_values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start what has been killed, as systemd and Docker would."""
        here = lab()
        for service in (here.storage.service, here.origin.service, here.api):
            service.start()
        return {}

    def deliver_again(_values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let messages be received in another order, those in flight again, as when their visibility has run out.

        Those that were sent with a delay come at once. One that was received for the last time stays hidden: SQS itself
        would make it a dead letter, whatever its worker does.
        """
        cloud = lab().cloud
        for message in cloud.messages(names.QUEUE):
            if not message.visible and message.approximate_receive_count < MAX_RECEIVES:
                message.change_visibility(0)
            message.delayed_until = 0
        cloud.shuffle(names.QUEUE)
        return {}

    def messages(_values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the bodies of all messages, by queue, without receiving one."""
        cloud = lab().cloud
        return {name: [one.body for one in cloud.messages(name)] for name in (names.QUEUE, names.DEAD_LETTER_QUEUE)}

    return {"restart": restart, "deliver-again": deliver_again, "messages": messages}
