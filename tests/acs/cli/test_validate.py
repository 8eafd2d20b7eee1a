"""`acs validate` as an operator or a script meets it: lines on the terminal and an exit status."""

import pytest
from click.testing import CliRunner

from acs.cli import main

LEGAL = b"""\
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:cwmp="urn:dslforum-org:cwmp-1-0">
<e:Header><cwmp:ID e:mustUnderstand="1">7</cwmp:ID></e:Header>
<e:Body><cwmp:InformResponse>
<MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse></e:Body></e:Envelope>"""
BROKEN = LEGAL.replace(b">1</MaxE", b">one</MaxE")
BENT = LEGAL.replace(b">1</MaxE", b">2</MaxE")


@pytest.fixture
def validate(tmp_path):
    def run(*arguments, stdin=b"", **files):
        names = []
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
            names.append(str(tmp_path / name))
        return CliRunner().invoke(main, ["validate", *arguments, *names], input=stdin)

    return run


def test_a_legal_message_is_said_to_be_so(validate):
    result = validate(message=LEGAL)
    assert result.exit_code == 0
    assert result.output.endswith("message: legal (0 warnings)\n")


def test_a_broken_rule_is_named_with_file_and_line(validate):
    result = validate(message=BROKEN)
    assert result.exit_code == 1
    assert "message:4: error: [type]" in result.output


def test_what_is_no_message_has_its_own_status(validate):
    result = validate(message=LEGAL[:-4])
    assert result.exit_code == 2
    assert "message:4: fatal:" in result.output


def test_a_file_that_is_not_there_does_not_keep_the_others_from_being_judged(validate):
    result = validate("/nowhere/at-all.xml", message=LEGAL)
    assert result.exit_code == 2
    assert "/nowhere/at-all.xml: No such file or directory" in result.output
    assert "legal" in result.output


def test_the_worst_of_several_files_decides(validate):
    assert validate(a=LEGAL, b=BROKEN, c=LEGAL).exit_code == 1


def test_a_dash_reads_standard_input(validate):
    result = validate("-", stdin=BROKEN)
    assert result.exit_code == 1
    assert result.output.startswith("-:4: error:")


def test_warnings_do_not_make_a_message_illegal_and_can_be_left_out(validate):
    assert "warning: [range]" in validate(message=BENT).output
    quiet = validate("--quiet", message=BENT)
    assert quiet.exit_code == 0
    assert "[range]" not in quiet.output
