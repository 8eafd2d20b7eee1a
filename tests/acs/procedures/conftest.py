"""A script is played against a scripted device: a list of expected requests and their answers."""

import pytest

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import Fault
from acs.procedures.steps import Once, Subject
from inventory.operations import Kind, Operation, Origin, State


@pytest.fixture
def operation():
    """Makes an operation as the queue hands it to a script."""

    def make(kind, request=None, *, evidence=None, attempts=1):
        return Operation(
            id=1,
            key="op_1",
            device_id=1,
            kind=Kind(kind),
            origin=Origin.PERSON,
            priority=10,
            state=State.RUNNING,
            request=request or {},
            created=0.0,
            created_by=None,
            due=0.0,
            expires=1e9,
            started=0.0,
            deadline=1e9,
            completed=None,
            attempts=attempts,
            awaits=None,
            evidence=evidence,
            progress=1,
            error=None,
            parent_id=None,
            group_id=None,
            job_id=None,
            notifies=False,
        )

    return make


@pytest.fixture
def subject():
    def make(**known):
        return Subject(**{"root": "Device.", "get_batch": 32, "clock": lambda: 1000.0, **known})

    return make


@pytest.fixture
def play():
    """Runs a script through (request, answer) lines; returns its outcome and what it noted.

    A fault as the answer is thrown where the script asked. Every line must be used.
    """

    def run(script, *lines):
        left, notes = list(lines), []
        send, value = script.send, None
        while True:
            try:
                step = send(value)
            except StopIteration as stop:
                assert not left, f"never asked: {left}"
                return stop.value, notes
            if isinstance(step, Once):
                notes.append(dict(step.evidence))
                step = step.request
            expected, answer = left.pop(0)
            assert step == expected
            is_fault = isinstance(answer, Fault)
            send, value = (script.throw, CwmpFault(answer)) if is_fault else (script.send, answer)

    return run
