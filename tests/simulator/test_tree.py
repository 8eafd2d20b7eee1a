"""The data model of one CPE."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.cwmp.values import check, check_path
from simulator import tree
from simulator.tree import Tree, build, load

MAPPING = "Device.NAT.PortMapping."
OWN_MODELS = ("tr181-gateway", "tr098-gateway")


@pytest.fixture(params=OWN_MODELS)
def model(request):
    return load(request.param)


def small(*more):
    """A device with one table of one row, and no template for it."""
    return Tree(
        build(
            [
                {"name": "Device.TNumberOfEntries", "type": "unsignedInt"},
                {"name": "Device.T.", "writable": "true"},
                {"name": "Device.T.7.", "writable": "true"},
                {"name": "Device.T.7.Name", "writable": "true", "value": "first"},
                {"name": "Device.T.7.Sub.1.X", "type": "int", "value": "5"},
                *more,
            ]
        )
    )


def test_every_value_of_our_own_models_is_legal(model):
    for name, node in model.nodes.items():
        check_path(name)
        if node.type != tree.OBJECT:
            check(node.value, node.type)
            assert node.limits is None or node.limits.allow(node.value, node.type), name


def test_every_counter_of_our_own_models_is_right(model):
    tables = [path for path, node in model.nodes.items() if node.is_table]
    assert len(tables) > 20
    for path in tables:
        counter = model.nodes.get(tree.counter_of(path))
        assert counter is None or counter.value == str(len(model.children[path])), path


def test_our_own_models_are_whole_devices(model):
    parameters = [name for name in model.nodes if not name.endswith(".")]
    assert 500 < len(parameters) < 3000
    for name in ("URL", "ParameterKey", "PeriodicInformInterval", "ConnectionRequestURL"):
        assert f"{model.root}ManagementServer.{name}" in model.nodes


def test_a_tree_does_not_change_the_model_that_it_shares():
    one, other = Tree(load("tr181-gateway")), Tree(load("tr181-gateway"))
    one.set("Device.Time.NTPServer1", "x")
    one.delete(f"{MAPPING}1.")
    number = one.add(MAPPING)
    assert other.value("Device.Time.NTPServer1") != "x"
    assert f"{MAPPING}1." in other
    assert f"{MAPPING}{number}." not in other
    assert other.get("NAT.PortMappingNumberOfEntries") == "2"


def test_a_new_instance_has_the_defaults_of_the_template_row():
    device = Tree(load("tr181-gateway"))
    path = f"{MAPPING}{device.add(MAPPING)}."
    assert device.value(f"{path}Enable") == "false"
    assert device.value(f"{path}Protocol") == "TCP"
    assert device.node(path).writable
    assert device.get("NAT.PortMappingNumberOfEntries") == "3"


def test_a_new_instance_brings_its_nested_objects_and_empty_tables_along():
    device = Tree(load("tr181-gateway"))
    path = f"Device.IP.Interface.{device.add('Device.IP.Interface.')}."
    assert f"{path}Stats.BytesSent" in device
    assert device.children(f"{path}IPv4Address.") == ()
    nested = device.add(f"{path}IPv4Address.")
    assert nested == 1
    assert device.value(f"{path}IPv4AddressNumberOfEntries") == "1"


def test_without_a_template_the_first_instance_gives_the_shape():
    device = small()
    assert device.add("Device.T.") == 8
    assert set(device.children("Device.T.8.")) == {"Device.T.8.Name", "Device.T.8.Sub."}
    assert device.children("Device.T.8.Sub.") == ()


def test_instance_numbers_are_never_given_twice():
    device = small()
    device.delete("Device.T.7.")
    assert device.value("Device.TNumberOfEntries") == "0"
    assert "Device.T.7.Name" not in device
    row = {"name": "Device.T.{i}.Name", "writable": "true"}
    with_template = small(row)
    with_template.delete("Device.T.7.")
    assert with_template.add("Device.T.") == 8
    with_template.delete("Device.T.8.")
    assert with_template.add("Device.T.") == 9


@given(st.lists(st.booleans(), max_size=30))
def test_the_counter_always_agrees_with_the_instances(adds):
    device = Tree(load("tr181-gateway"))
    given_out = set()
    for is_add in adds:
        instances = device.children(MAPPING)
        if is_add:
            number = device.add(MAPPING)
            assert number not in given_out
            given_out.add(number)
        elif instances:
            device.delete(instances[-1])
        assert device.get("NAT.PortMappingNumberOfEntries") == str(len(device.children(MAPPING)))


def test_a_deleted_instance_leaves_nothing_below_it():
    device = Tree(load("tr181-gateway"))
    device.delete("Device.IP.Interface.1.")
    assert not [name for name in device.below("") if name.startswith("Device.IP.Interface.1.")]


def test_reset_brings_everything_back_but_what_is_printed_on_the_device():
    model = load("tr181-gateway")
    serial = "Device.DeviceInfo.SerialNumber"
    device = Tree(model, {serial: "S1"})
    device.set("Device.Time.NTPServer1", "x")
    device.add(MAPPING)
    device.set_notification(serial, 2)
    device.reset()
    assert device.value(serial) == "S1"
    assert list(device.below("")) == list(Tree(model).below(""))
    assert device.value("Device.Time.NTPServer1") == model.nodes["Device.Time.NTPServer1"].value
    assert device.notification(serial) == tree.OFF


def test_hidden_values_read_back_empty():
    device = Tree(load("tr181-gateway"))
    name = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    assert device.value(name)
    assert device.shown(name) == ""


def test_changes_of_the_device_are_kept_apart_from_those_of_the_acs():
    device = Tree(load("tr181-gateway"))
    watched, unwatched = "Device.Time.NTPServer1", "Device.Time.NTPServer2"
    device.set_notification(watched, tree.PASSIVE)
    device.set(watched, "by-the-acs")
    assert device.changed == ()
    assert device.put(watched, "by-itself") is False
    device.put(unwatched, "by-itself")
    assert device.changed == (watched,)
    device.forget_changes([watched])
    assert device.changed == ()


def test_an_active_notification_says_that_it_is_due():
    device = Tree(load("tr181-gateway"))
    assert device.put("Device.DeviceInfo.SoftwareVersion", "9") is True
    assert device.put("Device.DeviceInfo.SoftwareVersion", "9") is False


def test_a_dump_with_other_column_titles_is_read(tmp_path):
    dump = tmp_path / "dump.csv"
    dump.write_text(
        "Parameter,Object,Writable,Value,Value type\n"
        "Device,true,false,,\n"
        "Device.Hosts,true,false,,\n"
        "Device.Hosts.Host.1,true,false,,\n"
        "Device.Hosts.Host.1.Active,false,false,true,xsd:boolean\n"
    )
    device = Tree(load(str(dump)))
    assert device.node("Device.Hosts.Host.1.Active").type == "boolean"
    assert device.node("Device.Hosts.Host.").is_table


def test_json_is_read_too(tmp_path):
    file = tmp_path / "device.json"
    rows = [{"name": "Device.A.B", "type": "unsignedInt", "value": 5, "writable": True}]
    file.write_text(json.dumps(rows))
    device = Tree(load(str(file)))
    assert device.value("Device.A.B") == "5"
    assert device.node("Device.A.B").writable


def test_a_model_without_one_root_is_refused():
    with pytest.raises(ValueError, match="one root"):
        build([{"name": "Device.A"}, {"name": "InternetGatewayDevice.B"}])
    with pytest.raises(ValueError, match="at least one"):
        build([])


def test_an_unknown_model_is_an_error_that_names_the_file():
    with pytest.raises(OSError, match="no-such-device"):
        load("no-such-device")
