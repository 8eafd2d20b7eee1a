"""`acs import` and `acs export`: the inventory in files, and back."""

import csv
import io
import json

import pytest

from inventory import firmware, organizations, types
from inventory.access import of_the_house
from inventory.query import EVERYTHING, Window
from inventory.records import audit

HOUSE = of_the_house("tests")
IMAGE = {
    "name": "gateway-2",
    "version": "2",
    "file_type": "1 Firmware Upgrade Image",
    "file_name": "g.bin",
    "size_bytes": 1,
    "sha256": "0" * 64,
    "stored_as": "g",
    "description": None,
}


@pytest.fixture
def furnished(inventory):
    """With an organization, a type and an image to refer to."""
    inventory.ask(organizations.create, HOUSE, "North", None, 1.0)
    inventory.ask(types.create, HOUSE, {"short_name": "router"}, inventory.vault, 1.0)
    inventory.ask(firmware.create, HOUSE, IMAGE, 1.0)
    return inventory


def test_new_devices_are_made_known_ones_changed_and_the_same_ones_left_alone(inventory):
    told = inventory.take("name,customer_id\na,1\nb,2\n").stderr
    assert told == "2 created, 0 changed, 0 unchanged, 0 refused\n"
    told = inventory.take("name,customer_id\na,1\nb,3\nc,4\n").stderr
    assert told == "1 created, 1 changed, 1 unchanged, 0 refused\n"
    assert inventory.device("b").customer_id == "3"


def test_a_dry_run_says_the_same_and_keeps_nothing(inventory):
    inventory.take("name,customer_id\na,1\n")
    told = inventory.take("name,customer_id\na,2\nb,2\n,3\n", "--dry-run", status=1).stderr
    assert "1 created, 1 changed, 0 unchanged, 1 refused (dry run" in told
    assert inventory.device("a").customer_id == "1"
    assert json.loads(inventory.run("export", "--format", "json").stdout)[0]["name"] == "a"


def test_wrong_rows_are_named_by_line_field_and_the_apis_words_and_the_rest_is_taken(inventory):
    text = "name,update_frequency,oui\na,0,00AABB\nb,5,xyz\n,7,\nc,9,\nc,often,\n"
    told = inventory.take(text, status=1).stderr
    assert ":2: update_frequency: Ensure this value is greater than or equal to 1." in told
    assert ":3: oui: Enter six hexadecimal digits." in told
    assert ":4: name: This field is required." in told
    assert ":6: update_frequency: A valid integer is required." in told
    assert "1 created, 0 changed, 0 unchanged, 4 refused" in told


def test_a_file_in_another_encoding_is_refused_where_it_shows(inventory):
    told = inventory.take("name,description\na,x\nb,M\udcfcller\n", status=1).stderr
    assert ":3: description: Not a valid string." in told
    assert "1 created, 0 changed, 0 unchanged, 1 refused" in told


def test_nothing_of_a_refused_row_is_kept(inventory):
    inventory.take("name,location_name,oui\na,Branch,xyz\n", status=1)
    assert "Branch" not in inventory.run("db", "rows", "locations").stdout


def test_an_unknown_column_is_an_error_of_each_row(inventory):
    told = inventory.take("name,colour\na,red\n", status=1).stderr
    assert ":2: colour: Unknown field." in told


def test_things_may_be_named_instead_of_numbered(furnished):
    head = "name,organization,type,firmware_image,location\n"
    furnished.take(f"{head}a,North,router,gateway-2,Branch 1\nb,2,1,1,\n")
    one, other = furnished.device("a"), furnished.device("b")
    assert (one.organization_id, one.type_id, one.firmware_image_id) == (2, 1, 1)
    assert (other.organization_id, other.type_id, other.firmware_image_id) == (2, 1, 1)
    assert (one.location_name, other.location_name) == ("Branch 1", None)


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ("organization", "South", "organization: Object with name=South does not exist."),
        ("organization_id", "77", 'organization_id: Invalid pk "77" - object does not exist.'),
        ("type", "switch", "type: Object with short_name=switch does not exist."),
        ("type_short_name", "switch", "type_short_name: Object with short_name=switch"),
        ("firmware_image", "9", 'firmware_image: Invalid pk "9" - object does not exist.'),
        ("location", "9", 'location: Invalid pk "9" - object does not exist.'),
    ],
)
def test_what_a_name_or_number_does_not_lead_to_is_an_error(furnished, column, cell, text):
    assert text in furnished.take(f"name,{column}\na,{cell}\n", status=1).stderr


def test_an_id_beside_another_things_name_is_refused(furnished):
    text = "name,type,type_short_name\na,1,switch\n"
    assert "type_short_name: Type 1 has another name." in furnished.take(text, status=1).stderr


def test_an_empty_cell_clears_a_field_or_is_not_given_where_null_cannot_be(inventory):
    inventory.take("name,customer_id,is_active,type,debug\na,1,false,,true\n")
    inventory.take("name,customer_id,is_active,type,debug\na,,,,\n")
    found = inventory.device("a")
    assert (found.customer_id, found.is_active, found.debug) == (None, False, True)


def test_passwords_are_taken_in_and_never_shown(inventory):
    inventory.take("name,username,password\na,u,s3cr3t-pw\n")
    sealed = inventory.run("import", "-", stdin="name,username,password\na,u,s3cr3t-pw\n")
    assert "1 unchanged" in sealed.stderr
    for form in ("csv", "json"):
        assert "s3cr3t-pw" not in inventory.run("export", "--format", form).stdout
    page = inventory.ask(audit.page, EVERYTHING, audit.Filter(), Window(10, 0))
    assert {entry.actor for entry in page.items} == {"cli"}
    assert "s3cr3t-pw" not in repr(page.items)
    assert b"s3cr3t-pw" not in inventory.database.read_bytes()


ODD = [
    {"name": "quo\"te, 'and' comma", "description": 'line\r\nbreak\nand "quotes"'},
    {"name": "=HYPERLINK(1)", "description": "@SUM(A1)"},
    {"name": "+49-1", "customer_id": "-7", "description": "'=x"},
    {"name": "ünï😀ﬃ", "description": "\u202eabc\u2028d", "customer_id": "0012"},
    {"name": "a/b.c;d\te", "latitude": "40.71280", "longitude": "-0.5", "update_frequency": 77},
]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_is_taken_in_again_unchanged_and_makes_the_same_devices_elsewhere(
    tmp_path, inventory, another_inventory, form
):
    rows = [row for row in ODD if row["name"].isprintable()]
    inventory.take(json.dumps(rows), name="in.json")
    file = tmp_path / f"out.{form}"
    inventory.run("export", file)
    told = inventory.run("import", file).stderr
    assert f"0 created, 0 changed, {len(rows)} unchanged, 0 refused" in told
    inventory.run("export", file, "--portable")
    assert f"{len(rows)} created" in another_inventory.run("import", file).stderr
    names = "name,customer_id,description,latitude,longitude,update_frequency,location_name"
    shown = [
        each.run("export", "--fields", names).stdout_bytes
        for each in (inventory, another_inventory)
    ]
    assert shown[0] == shown[1]
    back = list(csv.DictReader(io.StringIO(shown[0].decode(), newline="")))
    for row, given in zip(back, rows, strict=True):
        assert {name: row[name] for name in given} == {k: str(v) for k, v in given.items()}


def test_an_export_to_a_file_is_whole_or_not_there(inventory, tmp_path):
    inventory.take("name\na\n")
    target = tmp_path / "out.csv"
    target.write_text("before")
    inventory.run("export", target, "--fields", "nonsense", status=2)
    assert target.read_text() == "before"
    inventory.run("export", target, "--fields", "name,status")
    assert target.read_text() == "name,status\na,Down\n"
    assert sorted(p.name for p in tmp_path.glob("out*")) == ["out.csv"]
