"""Restarting a service: a set that the device's type defines for the service's name."""

from dataclasses import replace

from acs.procedures.setting import set_values
from acs.procedures.steps import NOT_SUPPORTED, Failed, Procedure, Subject
from inventory.operations import Error, Operation


def restart_service(operation: Operation, subject: Subject) -> Procedure:
    """Of a type for devices of both data models, only what is of this one's is set."""
    variables = [
        variable
        for variable in subject.service
        if variable["variable_name"].startswith(subject.root or "")
    ]
    if not variables:
        name = operation.request["service_name"]
        text = f"The device's type does not say how to restart {name}."
        return Failed(Error(NOT_SUPPORTED, text))
    request = {**operation.request, "variables": variables}
    return (yield from set_values(replace(operation, request=request), subject))
