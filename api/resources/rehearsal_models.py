"""A dry run in answers: the requests that would be sent, with current and wanted values."""

from pydantic import Field

from api.fields import Boolean
from api.models import Query, Representation
from api.resources.operation_models import OperationError
from api.resources.variables import Tell
from inventory.actions.rehearsing import Line, Rehearsal, Rpc, Stage


class OrderQuery(Query):
    dry_run: Boolean = Field(
        False,
        description="Of set, sync and reconf: tell what would be sent, and do nothing.",
    )


class RehearsedVariable(Representation):
    """A parameter in a request."""

    variable_name: str = Field(examples=["Device.Time.NTPServer1"])
    current_value: str | None = Field(description="Null where it is not known.", examples=["ntp-1"])
    value: str | None = Field(description="What it would be set to.", examples=["ntp-2"])
    value_type: str | None = Field(examples=["string"])
    notification: int | None = Field(description="What it would be set to.", examples=[2])


class RehearsedRpc(Representation):
    """A request that would be sent."""

    rpc: str = Field(examples=["SetParameterValues"])
    parameters: list[RehearsedVariable] = Field(description="In its order.")


class RehearsalAnswer(Representation):
    """What an operation would do, if the device is as the inventory believes."""

    dry_run: bool = Field(examples=[True])
    name: str = Field(description="The device's.", examples=["router-branch-network"])
    device_name: str = Field(description="The same as name.")
    operation: str = Field(examples=["set"])
    operation_type: str = Field(description="The same as operation.")
    rpcs: list[RehearsedRpc] = Field(description="In their order.")
    variables: list[RehearsedVariable] = Field(description="All that would be set.")
    error: OperationError | None = Field(description="Why nothing would come of it.")


def shown(stage: Stage, rehearsal: Rehearsal, word: str, tell: Tell) -> RehearsalAnswer:
    rpcs = [_rpc(each, tell) for each in rehearsal.rpcs]
    is_set = [
        variable for each in rpcs if each.rpc.startswith("Set") for variable in each.parameters
    ]
    error = rehearsal.error
    return RehearsalAnswer(
        dry_run=True,
        name=stage.device.name,
        device_name=stage.device.name,
        operation=word,
        operation_type=word,
        rpcs=rpcs,
        variables=is_set,
        error=None if error is None else OperationError.model_validate(error),
    )


def _rpc(rpc: Rpc, tell: Tell) -> RehearsedRpc:
    return RehearsedRpc(rpc=rpc.name, parameters=[_variable(line, tell) for line in rpc.lines])


def _variable(line: Line, tell: Tell) -> RehearsedVariable:
    return RehearsedVariable(
        variable_name=line.path,
        current_value=tell(line.path, line.current),
        value=tell(line.path, line.value),
        value_type=line.value_type,
        notification=line.notification,
    )
