"""One script per kind of operation: what is said to the device, in which order."""

from collections.abc import Callable, Mapping

from acs.procedures.configuring import reconf, sync
from acs.procedures.enrolling import enrol
from acs.procedures.objects import add_objects, delete_objects
from acs.procedures.reading import get
from acs.procedures.resets import factory_reset, reboot
from acs.procedures.setting import set_values
from acs.procedures.steps import Procedure, Subject
from acs.procedures.transfers import download, upload
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
    Kind.ENROL: enrol,
}


def script_for(operation: Operation, subject: Subject) -> Procedure:
    """The procedure that carries the operation out, or goes on with it after an interruption."""
    return SCRIPTS[operation.kind](operation, subject)
