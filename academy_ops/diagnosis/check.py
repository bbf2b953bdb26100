"""A step of the runbook as one literal: what it observes and how it judges, and all that is said or needed for it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from academy_ops.diagnosis.records import Finding, Section
from academy_ops.messages import Text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")
T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Grant:
    """IAM actions that are needed together, on the same resources.

    Resources are as narrow as IAM allows for the action, after AWS's Service Authorization Reference: where an action
    knows no resource types, or the id is not known before it is asked for, it is ``*``.

    Attributes:
        sid: The statement's id; IAM takes letters and digits only.
        resources: ARNs; live names go into the braces.
        condition: IAM's condition block, likewise.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    condition: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hop:
    """A station on the path from the browser to the students, as the drawing shows it.

    Attributes:
        place: Where it stands on that path; the browser is 0.
        codes: How the causes that break it begin; of several hops the one whose words fit further counts. A reason
            behind a cause follows it after a slash.
        asked_as: The evidence of its own answer, where it is asked for itself.
    """

    place: int
    name: Text
    codes: tuple[str, ...]
    asked_as: str = ""


@dataclass(frozen=True)
class Check(Generic[T_contra, C]):
    """One step of the runbook.

    Attributes:
        name: Its name on the command line, and of its facts in the case.
        waits_for: What is waited for while it observes.
        observe: All the I/O: from the target and the facts it needs to its own facts.
        judge: None of the I/O: from the facts to findings.
        needs: The checks whose facts `observe` wants first.
        reads: The other checks whose facts `judge` wants.
        prefetch: What `observe` can look at before the facts that it needs; it is given to it as its third argument.
        hops: What it looks at, in the drawing.
        shows: The evidence that says most, in the order in which it is shown; where none of it is there, all is.
    """

    name: str
    section: Section
    waits_for: Text
    observe: Callable[[T_contra, C], object] | Callable[[T_contra, C, Any], object]
    judge: Callable[[C], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    prefetch: Callable[[T_contra], object] | None = None
    hops: tuple[Hop, ...] = ()
    shows: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
