"""What the codec costs, in CPU time: ``python -m benchmarks codec``.

Reading is given as a multiple of lxml's bare parse of the same bytes, measured in turns with it,
because machines drift. Each row stops after a bounded number of rounds.
"""

from collections.abc import Callable
from functools import partial
from time import process_time

from lxml import etree

from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import (
    DeviceIdStruct,
    Envelope,
    EventStruct,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    Inform,
    InformResponse,
    Message,
    ParameterInfoStruct,
    ParameterValueStruct,
    SetParameterValues,
)

ROUNDS = 40
CALLS_PER_ROUND_S = 0.005  # short calls are repeated until a round takes about this long

WLAN = "InternetGatewayDevice.LANDevice.1.WLANConfiguration"


def parameters(count: int) -> tuple[ParameterValueStruct, ...]:
    return tuple(
        ParameterValueStruct(f"{WLAN}.{n}.Parameter{n}", f"value {n}", "string")
        for n in range(count)
    )


INFORM = Inform(
    DeviceIdStruct("Example", "0011AB", "Gateway", "SN000001"),
    (EventStruct("2 PERIODIC"),),
    current_time="2024-05-06T07:08:09Z",
    parameter_list=parameters(8),
)
NAMES = tuple(ParameterInfoStruct(p.name, writable=True) for p in parameters(1000))

READ: dict[str, Message] = {
    "GetParameterValuesResponse, 1,000 parameters": GetParameterValuesResponse(parameters(1000)),
    "GetParameterValuesResponse, 10,000 parameters": GetParameterValuesResponse(parameters(10_000)),
    "GetParameterNamesResponse, 1,000 names": GetParameterNamesResponse(NAMES),
    "Inform, 8 parameters": INFORM,
}
WRITTEN: dict[str, Message] = {
    "InformResponse": InformResponse(),
    "GetParameterValues, 4 names": GetParameterValues(tuple(p.name for p in parameters(4))),
    "GetParameterValues, 32 names": GetParameterValues(tuple(p.name for p in parameters(32))),
    "SetParameterValues, 4 parameters": SetParameterValues(parameters(4), "rev-42"),
    "Inform, 8 parameters": INFORM,
    "GetParameterValuesResponse, 1,000 parameters": GetParameterValuesResponse(parameters(1000)),
}


def interleaved(*calls: Callable[[], object]) -> list[float]:
    """The best CPU seconds of each call, all measured in turns."""
    repeats = [max(1, int(CALLS_PER_ROUND_S / once(call, 1))) for call in calls]
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for at, call in enumerate(calls):
            best[at] = min(best[at], once(call, repeats[at]))
    return best


def once(call: Callable[[], object], repeats: int) -> float:
    started = process_time()
    for _ in range(repeats):
        call()
    return max(process_time() - started, 1e-9) / repeats


def main() -> None:
    print(f"{'reading':48}{'bytes':>10}{'bare µs':>10}{'ours µs':>10}{'ratio':>8}")
    for name, message in READ.items():
        body = encode(Envelope(message, id="1"))
        bare, ours = interleaved(partial(etree.fromstring, body), partial(decode, body, "utf-8"))
        print(f"{name:48}{len(body):10}{bare * 1e6:10.1f}{ours * 1e6:10.1f}{ours / bare:8.2f}")
    print(f"\n{'writing':48}{'bytes':>10}{'ours µs':>20}")
    for name, message in WRITTEN.items():
        envelope = Envelope(message, id="1")
        (ours,) = interleaved(partial(encode, envelope))
        print(f"{name:48}{len(encode(envelope)):10}{ours * 1e6:20.1f}")
