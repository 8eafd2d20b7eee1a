"""One script per kind of operation: what is said to the device, in which order."""

from collections.abc import Callable, Mapping

from acs.procedures.attributes import get_attributes, set_attributes
from acs.procedures.configuring import change_settings, reconf, sync
from acs.procedures.diagnostics import diagnose
from acs.procedures.enrolling import enrol
from acs.procedures.health import health_check
from acs.procedures.naming import names
from acs.procedures.objects import add_objects, delete_objects
from acs.procedures.packages import change_packages
from acs.procedures.reading import get
from acs.procedures.resets import factory_reset, reboot
from acs.procedures.services import restart_service
from acs.procedures.setting import set_values
from acs.procedures.steps import Procedure, Subject
from acs.procedures.transfers import download, upload
from inventory import applying
from inventory.operations import Kind, Operation

Script = Callable[[Operation, Subject], Procedure]

SCRIPTS: Mapping[Kind, Script] = {
    Kind.GET: get,
    Kind.SET: set_values,
    Kind.ADD_OBJECT: add_objects,
    Kind.DELETE_OBJECT: delete_objects,
    Kind.REBOOT: reboot,
    Kind.FACTORY: factory_reset,
    Kind.DEVICE_FACTORY: factory_reset,
    Kind.SYNC: sync,
    Kind.RECONF: reconf,
    Kind.DOWNLOAD: download,
    Kind.UPLOAD: upload,
    Kind.NAMES: names,
    Kind.GET_ATTRIBUTES: get_attributes,
    Kind.SET_ATTRIBUTES: set_attributes,
    Kind.HEALTH_CHECK: health_check,
    Kind.RESTART_SERVICE: restart_service,
    Kind.UPDATE: change_packages,
    Kind.DIAGNOSTICS: diagnose,
    Kind.ENROL: enrol,
}


# Sets that the server queued for what is wanted of the device.
_OF_PURPOSE: Mapping[str, Script] = {applying.PURPOSE: change_settings}


def script_for(operation: Operation, subject: Subject) -> Procedure:
    """The procedure that carries the operation out, or goes on with it after an interruption."""
    return _OF_PURPOSE.get(operation.purpose, SCRIPTS[operation.kind])(operation, subject)
